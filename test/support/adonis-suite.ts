import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { type Environment, install, node } from './adonis.ts'
import { postgresMissing, startPostgres, type TestPostgres } from './postgres.ts'

let unreachable: string | null = null
let postgres: TestPostgres | null = null
/** A folder for the files of the tests of one process. */
export const files: string = mkdtempSync(join(tmpdir(), 'latchkey-adonis-'))

before(async () => {
  if (postgresMissing() === false) postgres = await startPostgres()
})
after(async () => {
  await postgres?.stop()
  rmSync(files, { recursive: true, force: true })
})

/** Installs an application before the tests of a suite, and then does the work. Without a registry the tests are skipped by name. */
export function prepare(folder: string, work: () => Promise<void>): void {
  before(async () => {
    unreachable = await install(folder)
    if (unreachable === null) await work()
  })
}

/** A test of an application that is installed. */
export function installed(name: string, work: (t: TestContext) => Promise<void>): void {
  test(name, async (t) => {
    if (unreachable !== null) return t.skip(unreachable)
    await work(t)
  })
}

/** A test of an application, on SQLite and on PostgreSQL. Skipped by name where the one or the other cannot be had. */
export function onBoth(
  name: string,
  work: (env: Environment, t: TestContext) => Promise<void>,
): void {
  installed(`${name}, on SQLite`, (t) =>
    work({ SQLITE_FILE: join(files, `${Math.random()}.sqlite`) }, t),
  )
  installed(`${name}, on PostgreSQL`, async (t) => {
    if (postgres === null) return t.skip(String(postgresMissing()))
    await work({ DATABASE_URL: postgres.url }, t)
  })
}

/** Makes the tables of a built application, anew with `fresh`. */
export function migrate(
  folder: string,
  env: Environment,
  command: 'fresh' | 'run' = 'fresh',
): Promise<string> {
  return node(join(folder, 'build'), ['ace.js', `migration:${command}`, '--force'], {
    NODE_ENV: 'production',
    PORT: '0',
    ...env,
  })
}
