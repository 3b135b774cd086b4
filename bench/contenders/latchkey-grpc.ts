import type { Settings } from 'latchkey'
import { builtInCommands, createDispatcher, createRegistry } from 'latchkey/commands'
import { createConnections } from 'latchkey/connections'
import { jwtCodec } from '../../src/doors/grpc/index.ts'
import { openGrpc } from '../../src/server/open-grpc.ts'
import type { Prepared } from '../harness/contender.ts'
import { createFolder } from '../setup/folder.ts'
import { addActors, CALLERS, openHouse, WITHOUT_THROTTLE } from '../setup/house.ts'
import { inParallel } from '../setup/in-parallel.ts'

export interface Options {
  readonly sessions: number
  /** Of the tokens: `jwt`, as `SessionUnlock` gives them, or `native`. */
  readonly format: string
  readonly settings?: Partial<Settings>
}

/** The gRPC door over SQLite. Facts: its `port`, and `tokens` of sessions of as many actors. `measure` reads the processor time. */
export async function prepare({ sessions, format, settings }: Options): Promise<Prepared> {
  const folder = await createFolder()
  const authority = await openHouse(folder.path, {
    codecs: [jwtCodec()],
    settings: { ...WITHOUT_THROTTLE, ...settings },
  })
  const connections = createConnections({ authority })
  const registry = createRegistry(builtInCommands)
  const door = await openGrpc({
    authority,
    connections,
    dispatcher: createDispatcher({ authority, registry }),
    info: () => ({ version: '', addresses: [] }),
    onStop: () => undefined,
    onError: (error) => console.error(error),
    address: { host: '127.0.0.1', port: 0, named: true },
    maxConnections: 1000,
    tls: null,
    insecure: true,
  })
  const port = Number(new URL(await door.listen()).port)
  const actors = await addActors(authority, sessions)
  const tokens = await inParallel(sessions, CALLERS, async (index) => {
    const begun = await authority.loginAs(actors[index] ?? '', { profile: 'agent', format })
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
      await door.drain(AbortSignal.abort())
      connections.close()
      await authority.close()
      await folder.remove()
    },
  }
}
