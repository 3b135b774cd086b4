import { resolve } from 'node:path'
import { createServer } from 'latchkey/server'
import type { Prepared } from '../harness/contender.ts'
import { addActors, logIn, WITHOUT_THROTTLE, warm } from '../setup/fixture.ts'
import { createFolder } from '../setup/folder.ts'

export interface Options {
  readonly sessions: number
}

const MODULES = resolve(import.meta.dirname, '../../examples/mage-game/lib/modules')

/** The server that people run, with every door open. Facts: the `ports` of its doors, and `headers` with the tokens of live sessions. */
export async function prepare({ sessions }: Options): Promise<Prepared> {
  const folder = await createFolder()
  const server = await createServer({
    http: '127.0.0.1:0',
    tcp: '127.0.0.1:0',
    grpc: '127.0.0.1:0',
    grpcInsecure: true,
    data: folder.path,
    modules: MODULES,
    settings: WITHOUT_THROTTLE,
    logLevel: 'silent',
  })
  const { authority, addresses } = server
  const made = await logIn(authority, await addActors(authority, sessions), sessions)
  const tokens = made.map(({ token }) => token)
  await warm(authority, tokens, Date.now())
  const ports = addresses.map(({ door, address }) => [door, Number(new URL(address).port)])
  return {
    facts: {
      headers: tokens.map((token) => `authorization: Bearer ${token}`),
      ports: Object.fromEntries(ports),
    },
    measure: async () => ({ rss: process.memoryUsage.rss() }),
    async close() {
      await server.close()
      await folder.remove()
    },
  }
}
