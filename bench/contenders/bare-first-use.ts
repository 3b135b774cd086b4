import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Prepared } from '../harness/contender.ts'
import { shuffledIndexes } from '../harness/statistics.ts'
import { timeBatches } from '../harness/timed-loop.ts'
import { addActors, logIn, openFixture } from '../setup/fixture.ts'
import { createFolder } from '../setup/folder.ts'

export interface Options {
  readonly sessions: number
  readonly actors: number
  /** Updates in a transaction. */
  readonly group: number
}

/**
 * The floor of a first check: one conditional update of the time of first use, in the same table and with the same
 * indexes, in groups on this thread. It reads nothing, compares no secret, and answers nobody.
 */
export async function prepare({ sessions, actors, group }: Options): Promise<Prepared> {
  const folder = await createFolder()
  const filling = await openFixture(folder.path)
  await logIn(filling, await addActors(filling, actors), sessions)
  await filling.close()
  const db = new DatabaseSync(join(folder.path, 'latchkey.db'))
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -131072;
    PRAGMA wal_autocheckpoint = 16000`)
  const ids = db
    .prepare('SELECT id FROM sessions')
    .all()
    .map(({ id }) => String(id))
  const order = shuffledIndexes(ids.length)
  const update = db.prepare('UPDATE sessions SET used_at = ? WHERE id = ? AND ended_at IS NULL')

  return {
    measure: (ms) =>
      timeBatches(ms, group, async (from) => {
        db.exec('BEGIN IMMEDIATE')
        for (let at = from; at < from + group; at++) {
          const id = ids[order[at % ids.length] ?? 0] ?? ''
          if (update.run(Date.now() + at, id).changes !== 1) throw new Error('not written')
        }
        db.exec('COMMIT')
      }),
    async close() {
      db.close()
      await folder.remove()
    },
  }
}
