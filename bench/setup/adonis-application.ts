import { join } from 'node:path'
import { APPLICATIONS, copyOf, install, node, start } from '../../test/support/adonis.ts'
import { startPostgres } from '../../test/support/postgres.ts'
import { createFolder } from './folder.ts'

export type Engine = 'postgres' | 'sqlite'

/** A real AdonisJS application with `@adonisjs/auth` and `latchkey/adonis` on one database, that makes every write durable. */
export async function startApplication(engine: Engine) {
  const unreachable = await install(APPLICATIONS.auth)
  if (unreachable !== null) throw new Error(unreachable)
  const app = copyOf(APPLICATIONS.auth)
  const postgres = engine === 'postgres' ? await startPostgres({ settings: { fsync: 'on' } }) : null
  const folder = await createFolder()
  const database =
    postgres === null
      ? { SQLITE_FILE: join(folder.path, 'app.sqlite') }
      : { DATABASE_URL: postgres.url }
  const env = { NODE_ENV: 'development', PORT: '0' }
  await node(app.folder, ['ace.js', 'configure', 'latchkey'], env)
  await node(app.folder, ['ace.js', 'build'], env)
  await node(join(app.folder, 'build'), ['ace.js', 'migration:fresh', '--force'], {
    ...env,
    ...database,
  })
  const server = await start(app.folder, database)

  return {
    port: Number(new URL(server.url).port),
    async post(path: string, body: object): Promise<Record<string, unknown>> {
      const response = await fetch(server.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
      return (await response.json()) as Record<string, unknown>
    },
    async close() {
      await server.stop()
      await postgres?.stop()
      app.remove()
      await folder.remove()
    },
  }
}
