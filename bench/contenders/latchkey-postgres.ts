import { createAuthority } from 'latchkey'
import { postgres } from 'latchkey/stores/postgres'
import type { Figures, Prepared } from '../harness/contender.ts'
import { timeCallers } from '../harness/timed-loop.ts'
import { addActors, WITHOUT_THROTTLE } from '../setup/fixture.ts'

export interface Options {
  readonly url: string
  readonly verb: 'create' | 'end'
  readonly actors: number
  readonly callers: number
}

/** `loginAs`, or that and the end of the session, by one node, every answer given after its commit and, for ends, its confirmations. */
export async function prepare({ url, verb, actors, callers }: Options): Promise<Prepared> {
  const authority = await createAuthority({
    store: postgres({ url, schema: `bench_${verb}`, maxConnections: callers }),
    settings: WITHOUT_THROTTLE,
    pruneEveryMs: 0,
  })
  const ids = await addActors(authority, actors)
  let at = 0

  const create = async () => {
    const made = await authority.sessions.loginAs(ids[at++ % ids.length] ?? '')
    if (!made.ok) throw new Error(made.code)
    return made.session.id
  }
  const end = async () => {
    const ended = await authority.sessions.end({ id: await create() })
    if (ended.length !== 1) throw new Error('not ended')
  }
  const call = { create: async () => void (await create()), end }[verb]
  return {
    measure: (ms): Promise<Figures> => timeCallers(ms, callers, call),
    close: () => authority.close(),
  }
}
