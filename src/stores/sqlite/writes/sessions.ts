import type { DatabaseSync } from 'node:sqlite'
import { LatchkeyError } from '../../../core/errors.ts'
import type {
  CreateConditions,
  CreateOutcome,
  EndSelector,
  Epochs,
} from '../../../core/ports/index.ts'
import type { EndedSession, EndReason } from '../../../core/session/record.ts'
import { chooseEvicted } from '../../kit/eviction.ts'
import { SESSION_COLUMNS, type SessionRow } from '../session-row.ts'
import { prepare } from '../statement.ts'
import type { AppendAudit, AuditRow } from './audit.ts'
import { prepareStep, type Step } from './step.ts'

/** What ending a session needs of it. */
type Found = [
  seq: number,
  id: string,
  owner: string,
  parent: string | null,
  createdAt: number,
  lastUsedAt: number,
]

const LIVE = 'ended_at IS NULL AND expires_at > ? AND global_epoch >= ?'
// Idle or not: `end` in the contract of the stores says why.
const ENDABLE =
  'ended_at IS NULL AND min(ends_at, coalesce(token_expires_at, ends_at)) > ? AND global_epoch >= ?'
const FOUND = 'seq, id, owner, parent, created_at, last_used_at'

/** The writes of sessions, their data bags and the epochs. */
export function sessionWrites(db: DatabaseSync, append: AppendAudit) {
  const findEpochs = prepare<[number, number]>(
    db,
    `SELECT coalesce((SELECT epoch FROM epochs WHERE owner = ?), 0), epoch FROM global_epoch`,
  )
  const raiseOwner = prepare(
    db,
    'INSERT INTO epochs VALUES (?, 1) ON CONFLICT (owner) DO UPDATE SET epoch = epoch + 1',
  )
  const raiseGlobal = prepare<[number]>(
    db,
    'UPDATE global_epoch SET epoch = epoch + 1 RETURNING epoch',
  )
  const findRows = (where: string) =>
    prepare<Found>(db, `SELECT ${FOUND} FROM sessions WHERE ${where} ORDER BY seq`)
  const liveById = findRows(`id = ? AND ${LIVE}`)
  const liveByProfile = findRows(`owner = ? AND profile = ? AND ${LIVE}`)
  const endableById = findRows(`id = ? AND ${ENDABLE}`)
  const endableByOwner = findRows(`owner = ? AND ${ENDABLE}`)
  const endableByParent = findRows(`parent = ? AND ${ENDABLE}`)
  const endableByTarget = findRows(`acts_as = ? AND ${ENDABLE}`)
  // Answered by the index alone: at most logins the owner is nowhere near its limit, and no row need be looked at.
  const countOwned = prepare<[number]>(
    db,
    `SELECT count(*) FROM
     (SELECT 1 FROM sessions WHERE owner = ? AND ended_at IS NULL LIMIT ?)`,
  )
  const exists = prepare(db, 'SELECT 1 FROM sessions WHERE id = ?')
  const insert = prepare(
    db,
    `INSERT INTO sessions (${SESSION_COLUMNS}) VALUES (${Array(17).fill('?').join(', ')})`,
  )
  const endRow = prepare(
    db,
    'UPDATE sessions SET ended_at = ?, end_reason = ?, version = version + 1 WHERE seq = ?',
  )
  // Indexed columns stay out of SET: SQLite would rewrite their index entries even for the same value.
  const change = prepare<[number]>(
    db,
    `UPDATE sessions SET last_used_at = max(last_used_at, ?1), token_expires_at = ?2, idle_ms = ?3,
       ends_at = ?4, version = ?5, packed = ?6,
       expires_at = min(?4, coalesce(?2, ?4), coalesce(max(last_used_at, ?1) + ?3, ?4))
     WHERE id = ?7 AND version = ?8 AND ended_at IS NULL AND global_epoch >= ?9`,
  )
  const raiseLastUse = prepare(
    db,
    `UPDATE sessions SET last_used_at = ?1,
       expires_at = min(ends_at, coalesce(token_expires_at, ends_at), coalesce(?1 + idle_ms, ends_at))
     WHERE id = ?2 AND last_used_at < ?1 AND ended_at IS NULL AND expires_at > ?1 AND global_epoch >= ?3`,
  )
  const findBag = prepare<[number, number | null]>(
    db,
    `SELECT s.seq, d.version FROM sessions s LEFT JOIN session_data d ON d.seq = s.seq
     WHERE s.id = ? AND s.ended_at IS NULL AND s.global_epoch >= ?`,
  )
  const saveBag = prepare(db, 'INSERT OR REPLACE INTO session_data VALUES (?, ?, ?)')
  const removeBag = prepare(db, 'DELETE FROM session_data WHERE seq = ?')
  const removeRow = prepare(db, 'DELETE FROM sessions WHERE seq = ?')
  const step = prepareStep(db, 'sessions', 'ended_at < ?3 OR expires_at < ?3')

  function epochsOf(owner: string): Epochs {
    const [ownerEpoch, global] = findEpochs.get(owner) ?? [0, 0]
    return { owner: ownerEpoch, global }
  }

  /** Ends rows, each with the sessions whose parent it is. */
  function endAll(
    rows: readonly Found[],
    { now, global, reason }: { now: number; global: number; reason: EndReason },
  ): EndedSession[] {
    const ended: EndedSession[] = []
    const end = ([seq, id, owner]: Found, why: EndReason) => {
      endRow.run(now, why, seq)
      ended.push({ id, owner, reason: why })
    }
    for (const row of rows) end(row, reason)
    for (const [, id] of rows) {
      for (const child of endableByParent.all(id, now, global)) end(child, 'parent_ended')
    }
    return ended
  }

  function selected(which: EndSelector, now: number, global: number): Found[] {
    if ('id' in which) {
      const rows = endableById.all(which.id, now, global)
      return rows.filter((row) => which.owner === undefined || row[2] === which.owner)
    }
    if ('actsAs' in which) return endableByTarget.all(which.actsAs, now, global)
    if (which.keepAll) return []
    return endableByOwner.all(which.owner, now, global).filter((row) => row[1] !== which.except)
  }

  /** The rows to evict for a new session, or null if there is no room; `gone` does not count any more. */
  function makeRoom(
    row: SessionRow,
    gone: ReadonlySet<string>,
    { now, epochs, limit }: CreateConditions,
  ): readonly Found[] | null {
    if (limit === undefined || (countOwned.get(row[1], limit.max)?.[0] ?? 0) < limit.max) return []
    const rivals = liveByProfile
      .all(row[1], row[2], now, epochs.global)
      .filter(([, id, , parent]) => !gone.has(id) && !gone.has(parent ?? ''))
    if (rivals.length < limit.max) return []
    const candidates = rivals.map((found) => {
      const [, id, , parent, createdAt, lastUsedAt] = found
      return { found, id, parent, createdAt, lastUsedAt }
    })
    return chooseEvicted(candidates, limit)?.map(({ found }) => found) ?? null
  }

  return {
    createSession(
      row: SessionRow,
      conditions: CreateConditions,
      audit: AuditRow | null,
    ): CreateOutcome {
      const { now, epochs, replaces } = conditions
      const [id, owner, , , , parent] = row
      const { owner: ownerEpoch, global } = epochsOf(owner)
      if (ownerEpoch !== epochs.owner || global !== epochs.global) {
        return { ok: false, refused: 'epoch' }
      }
      if (exists.get(id) !== undefined) throw new LatchkeyError('conflict', 'This session exists.')
      const replaced = replaces === undefined ? [] : liveById.all(replaces.id, now, global)
      const gone = new Set(replaced.map((found) => found[1]))
      const evicted = makeRoom(row, gone, conditions)
      if (evicted === null) return { ok: false, refused: 'limit' }
      for (const found of evicted) gone.add(found[1])
      if (parent !== null && (gone.has(parent) || !liveById.get(parent, now, global))) {
        return { ok: false, refused: 'parent' }
      }

      const ended = replaces ? endAll(replaced, { now, global, reason: replaces.reason }) : []
      ended.push(...endAll(evicted, { now, global, reason: 'evicted' }))
      insert.run(...row)
      append(audit)
      return { ok: true, ended }
    },

    updateSession(
      row: SessionRow,
      expectedVersion: number,
      epochs: Epochs | null,
      audit: AuditRow | null,
    ): boolean {
      const [id, owner, , , , , , lastUsedAt, , tokenExpiresAt, idleMs, endsAt] = row
      const current = epochsOf(owner)
      if (epochs && (epochs.owner !== current.owner || epochs.global !== current.global))
        return false
      const version = row[13]
      const changed = change.run(
        ...[lastUsedAt, tokenExpiresAt, idleMs, endsAt, version, row[16]],
        ...[id, expectedVersion, current.global],
      )
      if (changed === 0) return false
      append(audit)
      return true
    },

    touchSessions(touches: readonly (readonly [id: string, lastUsedAt: number])[]): void {
      const { global } = epochsOf('')
      for (const [id, lastUsedAt] of touches) raiseLastUse.run(lastUsedAt, id, global)
    },

    endSessions(
      which: EndSelector,
      now: number,
      reason: EndReason,
      audit: AuditRow | null,
    ): EndedSession[] {
      const { global } = epochsOf('')
      const ended = endAll(selected(which, now, global), { now, global, reason })
      const raised = 'raiseEpoch' in which && which.raiseEpoch === true
      if (raised) raiseOwner.run(which.owner)
      if (raised || ended.length > 0) append(audit)
      return ended
    },

    raiseGlobalEpoch(audit: AuditRow | null): number {
      const raised = raiseGlobal.get()?.[0] ?? 0
      append(audit)
      return raised
    },

    saveData(id: string, value: string, expectedVersion: number): number | null {
      const found = findBag.get(id, epochsOf('').global)
      if (found === undefined || (found[1] ?? 0) !== expectedVersion) return null
      saveBag.run(found[0], value, expectedVersion + 1)
      return expectedVersion + 1
    },

    pruneSessions(from: number, limit: number, before: number): Step {
      return step(from, limit, [before], (seq) => {
        removeBag.run(seq)
        removeRow.run(seq)
      })
    },
  }
}
