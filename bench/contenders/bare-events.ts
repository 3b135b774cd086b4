import type { Prepared } from '../harness/contender.ts'
import { timeCallers } from '../harness/timed-loop.ts'

export interface Options {
  readonly actors: number
  readonly connections: number
  readonly callers: number
}

/** The floor of a fan-out: a `Map` from an actor to the functions of its connections. It has no order, no nodes and no mailbox. */
export async function prepare({ actors, connections, callers }: Options): Promise<Prepared> {
  let delivered = 0
  const table = new Map<string, Set<(event: unknown) => void>>()
  const ids = Array.from({ length: actors }, (_, index) => `actor ${index}`)
  for (const id of ids) {
    const sends = Array.from({ length: connections }, () => () => void delivered++)
    table.set(id, new Set(sends))
  }
  let at = 0

  return {
    async measure(ms) {
      const figures = await timeCallers(ms, callers, async () => {
        const event = { name: 'moved', data: { x: at } }
        for (const send of table.get(ids[at++ % actors] ?? '') ?? []) send(event)
        await Promise.resolve()
      })
      if (delivered < connections) throw new Error('nothing was delivered')
      return { rate: (figures['rate'] ?? 0) * connections }
    },
    close: async () => undefined,
  }
}
