import type { DatabaseSync } from 'node:sqlite'
import type { CreateConditions, DataPut, PutOutcome } from '../../../core/ports/index.ts'
import type { SessionRow } from '../session-row.ts'
import { prepare } from '../statement.ts'
import type { AppendAudit, AuditRow } from './audit.ts'
import { CURRENT, type SessionWrites } from './sessions.ts'

type Bag = [
  seq: number,
  isLive: 0 | 1,
  expiresAt: number,
  idleMs: number | null,
  endsAt: number,
  version: number,
]

/** Returns the writes of session data. */
export function sessionDataWrites(
  db: DatabaseSync,
  append: AppendAudit,
  { createSession }: Pick<SessionWrites, 'createSession'>,
) {
  const findBag = prepare<Bag>(
    db,
    `SELECT seq, ended_at IS NULL AND ${CURRENT} AND expires_at > ?2, expires_at, idle_ms, ends_at,
       coalesce((SELECT version FROM session_data WHERE session_data.seq = sessions.seq), 0)
     FROM sessions WHERE id = ?1`,
  )
  const saveBag = prepare(
    db,
    `INSERT INTO session_data (seq, value, version) VALUES (?1, ?2, ?3)
     ON CONFLICT (seq) DO UPDATE SET value = excluded.value, version = excluded.version`,
  )
  const use = prepare(
    db,
    `UPDATE sessions SET last_used_at = max(last_used_at, ?2),
       expires_at = min(ends_at, coalesce(token_expires_at, ends_at),
         coalesce(max(last_used_at, ?2) + idle_ms, ends_at))
     WHERE seq = ?1`,
  )
  const move = prepare<[number]>(
    db,
    `UPDATE sessions SET last_used_at = max(last_used_at, ?2), idle_ms = ?3, ends_at = ?4,
       version = version + 1,
       expires_at = min(?4, coalesce(token_expires_at, ?4), coalesce(max(last_used_at, ?2) + ?3, ?4))
     WHERE seq = ?1 RETURNING expires_at`,
  )

  function create(
    mode: DataPut['mode'],
    row: SessionRow,
    value: string,
    expectedVersion: number,
    conditions: CreateConditions,
    audit: AuditRow | null,
  ): PutOutcome {
    if (mode === 'update') return { ok: false, refused: 'ended' }
    if (expectedVersion !== 0) return { ok: false, refused: 'version' }
    const created = createSession(row, conditions, audit)
    if (!created.ok) return { ok: false, refused: 'epoch' }
    saveBag.run(findBag.get(row[0], conditions.now)?.[0] ?? null, value, 1)
    return { ok: true, created: true, version: 1, endsEarlier: false, ended: created.ended }
  }

  return {
    saveData(id: string, value: string, expectedVersion: number | null): number | null {
      // An expired session may still be extended by a use that is not written yet, so only its end
      // counts.
      const found = findBag.get(id, Number.MIN_SAFE_INTEGER)
      if (found === undefined || found[1] === 0) return null
      const version = found[5]
      if (expectedVersion !== null && version !== expectedVersion) return null
      saveBag.run(found[0], value, version + 1)
      return version + 1
    },

    putData(
      mode: DataPut['mode'],
      row: SessionRow,
      value: string,
      expectedVersion: number | null,
      conditions: CreateConditions,
      audit: AuditRow | null,
    ): PutOutcome {
      const found = findBag.get(row[0], conditions.now)
      if (found === undefined)
        return create(mode, row, value, expectedVersion ?? 0, conditions, audit)
      const [seq, isLive, expiresAt, idleMs, endsAt, version] = found
      if (mode === 'create') return { ok: false, refused: 'exists' }
      if (isLive === 0) return { ok: false, refused: 'ended' }
      if ((expectedVersion ?? version) !== version) return { ok: false, refused: 'version' }
      let end = expiresAt
      if (idleMs === row[10] && endsAt === row[11]) use.run(seq, row[7])
      else end = move.get(seq, row[7], row[10], row[11])?.[0] ?? expiresAt
      saveBag.run(seq, value, version + 1)
      append(audit)
      const endsEarlier = end < expiresAt
      return { ok: true, created: false, version: version + 1, endsEarlier, ended: [] }
    },
  }
}
