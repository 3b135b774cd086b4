import type { DatabaseSync } from 'node:sqlite'
import { prepare } from '../statement.ts'

/** An audit entry as a table row; `detail` is JSON. */
export type AuditRow = readonly [
  at: number,
  act: string,
  outcome: string,
  actor: string | null,
  target: string | null,
  session: string | null,
  door: string | null,
  address: string | null,
  identityHash: string | null,
  detail: string | null,
]

/** Appends the audit entry of a write; nothing for null. */
export type AppendAudit = (row: AuditRow | null) => void

/** Prepares the append that all writes share. */
export function prepareAppend(db: DatabaseSync): AppendAudit {
  const insert = prepare(
    db,
    `INSERT INTO audit (at, act, outcome, actor, target, session, door, address, identity_hash, detail)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  return (row) => {
    if (row !== null) insert.run(...row)
  }
}

/** Returns the writes of the audit trail. */
export function auditWrites(db: DatabaseSync, append: AppendAudit) {
  const span = prepare<[number | null, number | null]>(db, 'SELECT min(seq), max(seq) FROM audit')
  const oldestKept = prepare<[number]>(
    db,
    'SELECT seq FROM audit ORDER BY seq DESC LIMIT 1 OFFSET ? - 1',
  )
  const removeBeyond = prepare(
    db,
    `DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE seq < ? ORDER BY seq LIMIT ?)`,
  )
  const removeAll = prepare(
    db,
    'DELETE FROM audit WHERE seq IN (SELECT seq FROM audit ORDER BY seq LIMIT ?)',
  )
  const removeBefore = prepare(
    db,
    'DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE at < ? ORDER BY at LIMIT ?)',
  )

  const endOfStep = prepare<[number | null]>(
    db,
    'SELECT max(seq) FROM (SELECT seq FROM audit WHERE seq > ? ORDER BY seq LIMIT ?)',
  )
  const erase = prepare(
    db,
    `UPDATE audit SET address = NULL, identity_hash = NULL, detail = NULL
     WHERE seq BETWEEN ?1 AND ?2 AND actor IN (SELECT value FROM json_each(?3))
       AND coalesce(address, identity_hash, detail) IS NOT NULL`,
  )

  function pruneBeyond(maxEntries: number, limit: number): number {
    if (maxEntries < 1) return removeAll.run(limit)
    const [first, last] = span.get() ?? [null, null]
    if (first === null || last === null || last - first + 1 <= maxEntries) return 0
    const kept = oldestKept.get(maxEntries)
    return kept === undefined ? 0 : removeBeyond.run(kept[0], limit)
  }

  return {
    appendAudit(rows: readonly AuditRow[]): void {
      for (const row of rows) append(row)
    },

    eraseAudit(
      actors: readonly string[],
      after: number,
      limit: number,
    ): { erased: number; last: number | null } {
      const to = endOfStep.get(after, limit)?.[0] ?? null
      if (to === null) return { erased: 0, last: null }
      const erased = erase.run(after + 1, to, JSON.stringify(actors))
      const newest = span.get()?.[1] ?? null
      return { erased, last: to === newest ? null : to }
    },

    pruneAudit(before: number, maxEntries: number, limit: number): number {
      const removed = removeBefore.run(before, limit)
      return removed + (removed < limit ? pruneBeyond(maxEntries, limit - removed) : 0)
    },
  }
}
