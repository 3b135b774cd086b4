import { createServer } from 'latchkey/server'
import type { Prepared } from '../harness/contender.ts'
import { createFolder } from '../setup/folder.ts'
import { addActors, CALLERS, WITHOUT_THROTTLE, warm } from '../setup/house.ts'
import { inParallel } from '../setup/in-parallel.ts'

export interface Options {
  readonly sessions: number
}

/**
 * The server that people run, over SQLite, with plain TCP. Facts: its `port` and its `httpPort`; by session, each of another actor: the
 * `tokens` that log in, the `ids`, and the tokens of a second session of the same actor, the `bearers`. `measure` reads its memory.
 */
export async function prepare({ sessions }: Options): Promise<Prepared> {
  const folder = await createFolder()
  const server = await createServer({
    http: '127.0.0.1:0',
    tcp: '127.0.0.1:0',
    tls: 'off',
    data: folder.path,
    settings: WITHOUT_THROTTLE,
    maxConnections: 19_000,
    maxMessagesPerSecond: 10_000_000,
    maxBytesPerSecond: 1024 ** 3,
    connectionIdleMs: 3_600_000,
    logLevel: 'silent',
    storeTimeoutMs: 120_000,
  })
  const { authority } = server
  const actors = await addActors(authority, sessions)
  const begin = (how: object) =>
    inParallel(sessions, CALLERS, async (index) => {
      const begun = await authority.loginAs(actors[index] ?? '', how)
      if (!begun.ok) throw new Error(begun.code)
      return { token: begun.token, id: begun.session.id }
    })
  const devices = await begin({ profile: 'device', format: 'angen' })
  const tokens = devices.map(({ token }) => token)
  const bearers = (await begin({})).map(({ token }) => token)
  await warm(authority, [...tokens, ...bearers], Date.now())
  const portOf = (name: string) => {
    const found = server.addresses.find(({ door }) => door === name)
    return Number(new URL(found?.address ?? '').port)
  }
  return {
    facts: {
      port: portOf('tcp'),
      httpPort: portOf('http'),
      tokens,
      bearers,
      ids: devices.map(({ id }) => id),
    },
    async measure() {
      for (let times = 0; times < 3; times++) {
        globalThis.gc?.()
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
      const { rss, heapUsed, external } = process.memoryUsage()
      return { rss, heapUsed, external, open: server.connections.size }
    },
    async close() {
      await server.close()
      await folder.remove()
    },
  }
}
