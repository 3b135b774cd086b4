import type { Figures, Prepared } from '../harness/contender.ts'
import { shuffledIndexes } from '../harness/statistics.ts'
import { timeCallers } from '../harness/timed-loop.ts'
import { addActors, logIn, openFixture } from '../setup/fixture.ts'
import { createFolder, folderBytes } from '../setup/folder.ts'

export interface Options {
  readonly verb: 'create' | 'renew'
  /** In the file before the first round. */
  readonly sessions: number
  readonly actors: number
  readonly callers: number
}

/** `loginAs` or `renew` with many callers at once, every answer given after its write is on the disk. */
export async function prepare({ verb, sessions, actors, callers }: Options): Promise<Prepared> {
  const folder = await createFolder()
  const filling = await openFixture(folder.path)
  const ids = await addActors(filling, actors)
  await filling.close()
  const empty = await folderBytes(folder.path)
  const refilling = await openFixture(folder.path)
  const made = await logIn(refilling, ids, sessions)
  // Closing folds the log into the file, so that the bytes are those that stay.
  await refilling.close()
  const bytesPerSession = ((await folderBytes(folder.path)) - empty) / sessions
  const authority = await openFixture(folder.path)

  const order = shuffledIndexes(sessions)
  const codes = made.map(({ renewal }) => renewal)
  let at = 0
  const next = () => {
    at = at + 1 === order.length ? 0 : at + 1
    return order[at] ?? 0
  }

  const create = async () => {
    const outcome = await authority.sessions.loginAs(ids[next() % ids.length] ?? '')
    if (!outcome.ok) throw new Error(outcome.code)
  }
  const renew = async () => {
    const index = next()
    const outcome = await authority.renew(codes[index] ?? '')
    if (!outcome.ok || outcome.renewal === null) throw new Error('not renewed')
    codes[index] = outcome.renewal
  }

  return {
    facts: { bytesPerSession },
    measure: (ms): Promise<Figures> => timeCallers(ms, callers, verb === 'create' ? create : renew),
    async close() {
      await authority.close()
      await folder.remove()
    },
  }
}
