import type { Prepared } from '../harness/contender.ts'
import { shuffledIndexes } from '../harness/statistics.ts'
import { timeBatches } from '../harness/timed-loop.ts'
import { addActors, logIn, openFixture, warm } from '../setup/fixture.ts'
import { createFolder } from '../setup/folder.ts'

const BATCH = 1000

export interface Options {
  readonly sessions: number
  readonly actors: number
}

/** `authenticate` of every session in random order, from a warm cache over SQLite. */
export async function prepare({ sessions, actors }: Options): Promise<Prepared> {
  const folder = await createFolder()
  const authority = await openFixture(folder.path)
  const made = await logIn(authority, await addActors(authority, actors), sessions)
  const all = made.map(({ token }) => token)
  let now = Date.now()
  await warm(authority, all, now)
  const tokens = Array.from(shuffledIndexes(sessions), (index) => all[index] ?? '')

  return {
    measure: (ms) => {
      let at = 0
      // This clock stands still while others have their turn: uses would fall due to be written that no use came before.
      const ahead = now - Date.now()
      return timeBatches(ms, BATCH, async () => {
        now = Date.now() + ahead
        for (let i = 0; i < BATCH; i++) {
          const checked = await authority.authenticate(tokens[at], { now })
          if (!checked.ok) throw new Error(checked.code)
          at = at + 1 === tokens.length ? 0 : at + 1
        }
      })
    },
    async close() {
      await authority.close()
      await folder.remove()
    },
  }
}
