import { createServer } from 'latchkey/server'
import type { Prepared } from '../harness/contender.ts'
import { shuffledIndexes } from '../harness/statistics.ts'
import { addActors, logIn, WITHOUT_THROTTLE, warm } from '../setup/fixture.ts'
import { createFolder } from '../setup/folder.ts'

export interface Options {
  readonly sessions: number
  readonly actors: number
  /** Actors that have this password too. */
  readonly passwords?: { readonly actors: number; readonly password: string }
}

/** The server that people run, over SQLite. Facts: its `port`, `headers` with the tokens of live sessions, `names` of those with a password. */
export async function prepare({ sessions, actors, passwords }: Options): Promise<Prepared> {
  const folder = await createFolder()
  const server = await createServer({
    http: '127.0.0.1:0',
    data: folder.path,
    settings: WITHOUT_THROTTLE,
    logLevel: 'silent',
    storeTimeoutMs: 120_000,
  })
  const { authority } = server
  const made = await logIn(authority, await addActors(authority, actors), sessions)
  const tokens = made.map(({ token }) => token)
  await warm(authority, tokens, Date.now())
  const names: string[] = []
  for (let i = 0; i < (passwords?.actors ?? 0); i++) {
    const name = `person ${i}`
    const outcome = await authority.actors.register({ name, password: passwords?.password ?? '' })
    if (!outcome.ok) throw new Error(outcome.code)
    names.push(name)
  }
  const headers = Array.from(
    shuffledIndexes(sessions),
    (index) => `authorization: Bearer ${tokens[index] ?? ''}`,
  )
  const port = Number(new URL(server.addresses[0]?.address ?? '').port)
  return {
    facts: { headers, names, port },
    async measure() {
      const { user, system } = process.cpuUsage()
      return { cpuUs: user + system }
    },
    async close() {
      await server.close()
      await folder.remove()
    },
  }
}
