import { createConnections } from 'latchkey/connections'
import type { Prepared } from '../harness/contender.ts'
import { timeCallers } from '../harness/timed-loop.ts'
import { addActors, logIn, openFixture } from '../setup/fixture.ts'
import { createFolder } from '../setup/folder.ts'

export interface Options {
  readonly actors: number
  /** Open connections of each actor, each with a session of its own. */
  readonly connections: number
  readonly callers: number
}

/** `connections.send`: an event to every open connection of an actor, in process, counted at the connections. */
export async function prepare({ actors, connections, callers }: Options): Promise<Prepared> {
  const folder = await createFolder()
  const authority = await openFixture(folder.path)
  const table = createConnections({ authority })
  const ids = await addActors(authority, actors)
  let delivered = 0
  for (const { token } of await logIn(authority, ids, actors * connections)) {
    const check = await authority.authenticate(token)
    if (!check.ok) throw new Error(check.code)
    const send = () => void delivered++
    await table.open(check, { door: 'bench', send, close: () => undefined }).ready
  }
  let at = 0

  return {
    async measure(ms) {
      const before = delivered
      let sent = 0
      const figures = await timeCallers(ms, callers, async () => {
        sent++
        await table.send(ids[at++ % actors] ?? '', { name: 'moved', data: { x: at } })
      })
      if (delivered - before !== sent * connections) throw new Error('an event is missing')
      return { rate: (figures['rate'] ?? 0) * connections }
    },
    async close() {
      await table.close()
      await authority.close()
      await folder.remove()
    },
  }
}
