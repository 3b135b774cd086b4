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

/** The columns that ending a session needs. */
type Found = [
  seq: number,
  id: string,
  owner: string,
  parent: string | null,
  createdAt: number,
  lastUsedAt: number,
  expiresAt: number,
  isCurrent: 0 | 1,
]

/** The condition that neither epoch has risen since a session was created or kept. */
export const CURRENT =
  'global_epoch >= (SELECT epoch FROM global_epoch) AND ' +
  'owner_epoch >= coalesce((SELECT epoch FROM epochs WHERE epochs.owner = sessions.owner), 0)'
const LIVE = `ended_at IS NULL AND expires_at > ? AND ${CURRENT}`
const UNENDED = 'ended_at IS NULL'
const FOUND = `seq, id, owner, parent, created_at, last_used_at, expires_at, ${CURRENT}`

/** The maximum number of sessions that one call ends by profile, door or group. */
const MATCHING_PER_CALL = 500

/** Returns the writes of sessions, their data and the epochs. */
export function sessionWrites(db: DatabaseSync, append: AppendAudit) {
  const findEpochs = prepare<[number, number]>(
    db,
    `SELECT coalesce((SELECT epoch FROM epochs WHERE owner = ?), 0), epoch FROM global_epoch`,
  )
  const raiseOwner = prepare(
    db,
    `INSERT INTO epochs VALUES (?1, ?2) ON CONFLICT (owner)
     DO UPDATE SET epoch = max(epoch, excluded.epoch)`,
  )
  const keepRow = prepare(
    db,
    'UPDATE sessions SET owner_epoch = ?, version = version + 1 WHERE seq = ?',
  )
  const raiseGlobal = prepare<[number]>(
    db,
    'UPDATE global_epoch SET epoch = epoch + 1 RETURNING epoch',
  )
  const findRows = (where: string) =>
    prepare<Found>(db, `SELECT ${FOUND} FROM sessions WHERE ${where} ORDER BY seq`)
  const liveById = findRows(`id = ? AND ${LIVE}`)
  const liveByProfile = findRows(`owner = ? AND profile = ? AND ${LIVE}`)
  const unendedById = findRows(`id = ? AND ${UNENDED}`)
  const unendedByOwner = findRows(`owner = ? AND ${UNENDED}`)
  const unendedByParent = findRows(`parent = ? AND ${UNENDED}`)
  const unendedByTarget = findRows(`acts_as = ? AND ${UNENDED}`)
  const liveMatching = prepare<Found>(
    db,
    `SELECT ${FOUND} FROM sessions WHERE ended_at IS NULL AND expires_at > ?1 AND ${CURRENT} AND (?2 IS NULL OR profile = ?2)
       AND (?3 IS NULL OR door = ?3) AND (?4 IS NULL OR label = ?4)
     ORDER BY seq LIMIT ${MATCHING_PER_CALL}`,
  )
  // Answered by the index alone: at most logins the owner is far below the limit, and no row is
  // read.
  const countOwned = prepare<[number]>(
    db,
    `SELECT count(*) FROM
     (SELECT 1 FROM sessions WHERE owner = ? AND ended_at IS NULL LIMIT ?)`,
  )
  const countAnonymous = prepare<[number]>(
    db,
    `SELECT count(*) FROM
     (SELECT 1 FROM sessions WHERE anonymous_prefix = ? AND ended_at IS NULL LIMIT ?)`,
  )
  const leastUsedAt = (where: string) =>
    prepare<Found>(
      db,
      `SELECT ${FOUND} FROM sessions WHERE ${where} AND ended_at IS NULL
       ORDER BY last_used_at LIMIT ?`,
    )
  const leastUsedOfPrefix = leastUsedAt('anonymous_prefix = ?')
  const leastUsedAnonymous = leastUsedAt('anonymous_prefix IS NOT NULL')
  const exists = prepare(db, 'SELECT 1 FROM sessions WHERE id = ?')
  const insert = prepare(
    db,
    `INSERT INTO sessions (${SESSION_COLUMNS}) VALUES (${Array(21).fill('?').join(', ')})`,
  )
  const endRow = prepare(
    db,
    'UPDATE sessions SET ended_at = ?, end_reason = ?, version = version + 1 WHERE seq = ?',
  )
  // Indexed columns are not in SET, because SQLite would rewrite their index entries even for the
  // same value.
  const change = prepare<[number]>(
    db,
    `UPDATE sessions SET last_used_at = max(last_used_at, ?1), token_expires_at = ?2, idle_ms = ?3,
       ends_at = ?4, version = ?5, packed = ?6, used_at = ?7,
       expires_at = min(?4, coalesce(?2, ?4), coalesce(max(last_used_at, ?1) + ?3, ?4))
     WHERE id = ?8 AND version = ?9 AND ended_at IS NULL AND (NOT ?10 OR used_at IS NULL) AND ${CURRENT}`,
  )
  const raiseLastUse = prepare(
    db,
    `UPDATE sessions SET last_used_at = ?1,
       expires_at = min(ends_at, coalesce(token_expires_at, ends_at), coalesce(?1 + idle_ms, ends_at))
     WHERE id = ?2 AND last_used_at < ?1 AND ended_at IS NULL AND expires_at > ?1 AND ${CURRENT}`,
  )
  const markFirstUse = prepare(
    db,
    `UPDATE sessions SET used_at = coalesce(used_at, ?3)
     WHERE id = ?1 AND json_extract(packed, '$[9]') = ?2 AND ended_at IS NULL AND ${CURRENT}`,
  )
  const moveBag = prepare(
    db,
    `UPDATE session_data SET seq = (SELECT seq FROM sessions WHERE id = ?2)
     WHERE seq = (SELECT seq FROM sessions WHERE id = ?1)`,
  )
  const removeBag = prepare(db, 'DELETE FROM session_data WHERE seq = ?')
  const removeRow = prepare(db, 'DELETE FROM sessions WHERE seq = ?')
  const sealedStep = prepareStep(
    db,
    'sessions',
    // A row of an earlier release has no time of issue: it is that of the last renewal.
    `json_extract(packed, '$[4][4]') IS NOT NULL
       AND coalesce(json_extract(packed, '$[10]'), json_extract(packed, '$[4][3]')) < ?3`,
  )
  const eraseRow = prepare(
    db,
    `UPDATE sessions SET packed = json_set(packed, '$[4][4]', NULL) WHERE seq = ?`,
  )
  const step = prepareStep(db, 'sessions', 'ended_at < ?3 OR expires_at < ?3')

  function epochsOf(owner: string): Epochs {
    const [ownerEpoch, global] = findEpochs.get(owner) ?? [0, 0]
    return { owner: ownerEpoch, global }
  }

  /** Marks rows as ended, each with its child sessions. Returns those that had not expired. */
  function endAll(
    rows: readonly Found[],
    { now, reason }: { now: number; reason: EndReason },
  ): EndedSession[] {
    const ended: EndedSession[] = []
    const end = ([seq, id, owner, , , , expiresAt]: Found, why: EndReason) => {
      endRow.run(now, why, seq)
      if (expiresAt > now) ended.push({ id, owner, reason: why })
    }
    for (const row of rows) end(row, reason)
    for (const [, id] of rows) {
      for (const child of unendedByParent.all(id)) end(child, 'parent_ended')
    }
    return ended
  }

  function selected(which: EndSelector, now: number): Found[] {
    if ('id' in which) {
      const rows = unendedById.all(which.id)
      return rows.filter((row) => which.owner === undefined || row[2] === which.owner)
    }
    if ('anonymous' in which) return leastUsedAnonymous.all(which.limit)
    if ('actsAs' in which) return unendedByTarget.all(which.actsAs)
    if ('matching' in which) {
      const { profile = null, door = null, group = null } = which
      return liveMatching.all(now, profile, door, group)
    }
    if (which.keepAll === true) return []
    return unendedByOwner.all(which.owner).filter((row) => row[1] !== which.except)
  }

  function parentLives(parent: string | null, gone: ReadonlySet<string>, now: number): boolean {
    return parent === null || (!gone.has(parent) && liveById.get(parent, now) !== undefined)
  }

  function targetHasMoved(actsAs: string | null, epoch: number): boolean {
    return actsAs !== null && epochsOf(actsAs).owner > epoch
  }

  /**
   * Raises an owner's epoch to at least `to`; the live sessions that are kept get the new number.
   */
  function raiseOwnerEpoch(owner: string, to: number, keep: 'all' | string | null): void {
    const kept =
      keep === null
        ? []
        : unendedByOwner
            .all(owner)
            .filter((row) => row[7] === 1 && (keep === 'all' || row[1] === keep))
    raiseOwner.run(owner, to)
    const { owner: epoch } = epochsOf(owner)
    for (const [seq] of kept) keepRow.run(epoch, seq)
  }

  /**
   * Returns the rows to evict for a new session, or null if there is no room; `gone` is not
   * counted.
   */
  function makeRoom(
    row: SessionRow,
    gone: ReadonlySet<string>,
    { now, limit }: CreateConditions,
  ): readonly Found[] | null {
    if (limit === undefined || (countOwned.get(row[1], limit.max)?.[0] ?? 0) < limit.max) return []
    const rivals = liveByProfile
      .all(row[1], row[2], now)
      .filter(([, id, , parent]) => !gone.has(id) && !gone.has(parent ?? ''))
    if (rivals.length < limit.max) return []
    const candidates = rivals.map((found) => {
      const [, id, , parent, createdAt, lastUsedAt] = found
      return { found, id, parent, createdAt, lastUsedAt }
    })
    return chooseEvicted(candidates, limit)?.map(({ found }) => found) ?? null
  }

  /** Returns the anonymous sessions to evict so that one more of this address prefix fits. */
  function overAtAddress(prefix: string | null, perAddress: number | undefined): readonly Found[] {
    if (prefix === null || prefix === '' || perAddress === undefined) return []
    // After the limit was lowered, each creation evicts a bounded number.
    const count = countAnonymous.get(prefix, perAddress + MATCHING_PER_CALL)?.[0] ?? 0
    return count < perAddress ? [] : leastUsedOfPrefix.all(prefix, count - perAddress + 1)
  }

  return {
    createSession(
      row: SessionRow,
      conditions: CreateConditions,
      audit: AuditRow | null,
    ): CreateOutcome {
      const { now, replaces, targetEpoch = 0 } = conditions
      const [id, owner, , , actsAs, parent] = row
      const epochs = epochsOf(owner)
      const outdated = row[17] < epochs.owner || row[12] < epochs.global
      if (outdated || targetHasMoved(actsAs, targetEpoch)) return { ok: false, refused: 'epoch' }
      if (exists.get(id) !== undefined)
        throw new LatchkeyError('conflict', 'A session of this id already exists.')
      const replaced = replaces === undefined ? [] : liveById.all(replaces.id, now)
      const gone = new Set(replaced.map((found) => found[1]))
      const evicted = makeRoom(row, gone, conditions)
      if (evicted === null) return { ok: false, refused: 'limit' }
      for (const found of evicted) gone.add(found[1])
      if (!parentLives(parent, gone, now)) return { ok: false, refused: 'parent' }

      if (row[17] > epochs.owner) raiseOwner.run(owner, row[17])
      const ended = replaces ? endAll(replaced, { now, reason: replaces.reason }) : []
      ended.push(...endAll(evicted, { now, reason: 'evicted' }))
      const over = overAtAddress(row[20], conditions.perAddress)
      ended.push(...endAll(over, { now, reason: 'evicted' }))
      insert.run(...row)
      if (replaces?.moveData === true) moveBag.run(replaces.id, id)
      append(audit)
      return { ok: true, ended }
    },

    updateSession(
      row: SessionRow,
      expectedVersion: number,
      epochs: Epochs | null,
      unused: boolean,
      audit: AuditRow | null,
    ): boolean {
      const [id, owner, , , , , , lastUsedAt, , tokenExpiresAt, idleMs, endsAt] = row
      const current = epochsOf(owner)
      if (epochs && (epochs.owner !== current.owner || epochs.global !== current.global))
        return false
      const version = row[13]
      const changed = change.run(
        ...[lastUsedAt, tokenExpiresAt, idleMs, endsAt, version, row[16], row[18]],
        ...[id, expectedVersion, unused ? 1 : 0],
      )
      if (changed === 0) return false
      append(audit)
      return true
    },

    touchSessions(touches: readonly (readonly [id: string, lastUsedAt: number])[]): void {
      for (const [id, lastUsedAt] of touches) raiseLastUse.run(lastUsedAt, id)
    },

    markUsed: (id: string, generation: number, usedAt: number): boolean =>
      markFirstUse.run(id, generation, usedAt) > 0,

    raiseOwnerEpoch,

    nextEpoch: (owner: string): number => epochsOf(owner).owner + 1,

    endSessions(
      which: EndSelector,
      now: number,
      reason: EndReason,
      audit: AuditRow | null,
    ): EndedSession[] {
      const ended = endAll(selected(which, now), { now, reason })
      const raise = 'raiseEpoch' in which ? (which.raiseEpoch ?? false) : false
      if (raise !== false && 'raiseEpoch' in which) {
        const to = raise === true ? epochsOf(which.owner).owner + 1 : raise
        raiseOwnerEpoch(which.owner, to, which.keepAll === true ? 'all' : (which.except ?? null))
      }
      if (raise !== false || ended.length > 0) append(audit)
      return ended
    },

    raiseGlobalEpoch(audit: AuditRow | null): number {
      const raised = raiseGlobal.get()?.[0] ?? 0
      append(audit)
      return raised
    },

    eraseSealed: (from: number, limit: number, issuedBefore: number): Step =>
      sealedStep(from, limit, [issuedBefore], (seq) => eraseRow.run(seq)),

    pruneSessions(from: number, limit: number, before: number): Step {
      return step(from, limit, [before], (seq) => {
        removeBag.run(seq)
        removeRow.run(seq)
      })
    },
  }
}

/** The writes of sessions by name. */
export type SessionWrites = ReturnType<typeof sessionWrites>
