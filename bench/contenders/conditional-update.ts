import { randomBytes } from 'node:crypto'
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
  /** Renewals in a transaction, each transaction ended by a wait for the disk. */
  readonly group: number
}

// What `renew` writes, in the tables and with the indexes that it writes to.
const UPDATE = `UPDATE sessions SET last_used_at = ?1, expires_at = min(ends_at, ?1 + idle_ms),
    version = version + 1, packed = ?2
  WHERE id = ?3 AND version = ?4 AND ended_at IS NULL`
const AUDIT = `INSERT INTO audit (at, act, outcome, actor, session, door)
  VALUES (?, 'renewal', 'ok', ?, ?, 'library')`

/**
 * The floor of a renewal: the conditional update and the audit row that it cannot do without, on a file that the authority
 * filled, so with the same indexes. It reads no record, checks no code, draws no secret, seals nothing, and writes on
 * this thread.
 */
export async function prepare({ sessions, actors, group }: Options): Promise<Prepared> {
  const folder = await createFolder()
  const filling = await openFixture(folder.path)
  const made = await logIn(filling, await addActors(filling, actors), sessions)
  // A record grows when it is first renewed.
  const renewed = await filling.renew(made[0]?.renewal ?? '')
  if (!renewed.ok) throw new Error(renewed.code)
  await filling.close()

  const db = new DatabaseSync(join(folder.path, 'latchkey.db'))
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -131072;
    PRAGMA wal_autocheckpoint = 16000`)
  const [longest] = db.prepare('SELECT max(length(packed)) AS length FROM sessions').all()
  const rows = db.prepare('SELECT id, owner, version FROM sessions').all()
  const records = rows.map(({ id, owner, version }) => ({
    id: String(id),
    owner: String(owner),
    version: Number(version),
  }))
  const order = shuffledIndexes(records.length)
  const update = db.prepare(UPDATE)
  const audit = db.prepare(AUDIT)
  const text = randomBytes(Number(longest?.['length'])).toString('hex')
  const renewGroup = (from: number) => {
    const now = Date.now()
    db.exec('BEGIN IMMEDIATE')
    for (let at = from; at < from + group; at++) {
      const record = records[order[at % records.length] ?? 0]
      if (record === undefined) throw new Error('no record')
      // Another text each time, of the length of a record.
      const start = at % (text.length / 2)
      const packed = text.slice(start, start + text.length / 2)
      const { changes } = update.run(now, packed, record.id, record.version)
      if (changes !== 1) throw new Error('not renewed')
      record.version++
      audit.run(now, record.owner, record.id)
    }
    db.exec('COMMIT')
  }

  return {
    measure: (ms) => timeBatches(ms, group, async (from) => renewGroup(from)),
    async close() {
      db.close()
      await folder.remove()
    },
  }
}
