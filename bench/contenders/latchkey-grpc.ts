import type { Settings } from 'latchkey'
import { createServer } from 'latchkey/server'
import type { Prepared } from '../harness/contender.ts'
import { addActors, CALLERS, WITHOUT_THROTTLE } from '../setup/fixture.ts'
import { createFolder } from '../setup/folder.ts'
import { inParallel } from '../setup/in-parallel.ts'

export interface Options {
  readonly sessions: number
  /** Of the tokens: `jwt`, as `SessionUnlock` gives them, or `native`. */
  readonly format: string
  /** Over those without a throttle. */
  readonly settings?: Partial<Settings>
}

/** The server that people run, its gRPC door alone, over SQLite. Facts: its `port`, and `tokens` of sessions of as many actors. `measure` reads the processor time. */
export async function prepare({ sessions, format, settings }: Options): Promise<Prepared> {
  const folder = await createFolder()
  const server = await createServer({
    http: 'off',
    tls: 'off',
    grpc: '127.0.0.1:0',
    grpcInsecure: true,
    data: folder.path,
    settings: { ...WITHOUT_THROTTLE, ...settings },
    logLevel: 'silent',
    storeTimeoutMs: 120_000,
  })
  const { authority } = server
  const port = Number(new URL(server.addresses[0]?.address ?? '').port)
  const actors = await addActors(authority, sessions)
  const tokens = await inParallel(sessions, CALLERS, async (index) => {
    const begun = await authority.sessions.loginAs(actors[index] ?? '', {
      profile: 'agent',
      format,
    })
    if (!begun.ok) throw new Error(begun.code)
    return begun.token
  })
  return {
    facts: { port, tokens },
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
