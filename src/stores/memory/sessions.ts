import { LatchkeyError } from '../../core/errors.ts'
import type { CreateConditions, SessionStore } from '../../core/ports/index.ts'
import { expiresAt, isOutdated, stateOf } from '../../core/session/lifetimes.ts'
import type { EndedSession, EndReason, SessionRecord } from '../../core/session/record.ts'
import { anonymousPrefix, chooseEvicted } from '../kit/eviction.ts'
import { cutPage, pageSize, positionOf } from '../kit/paging.ts'
import { appendAudit, type Gate, type SessionRow, type Tables } from './engine.ts'
import { raiseOwnerEpoch } from './epochs.ts'

/**
 * Creates sessions in memory. No method awaits between its decision and its write, so each is one
 * write.
 */
export function createSessionStore(tables: Tables, gate: Gate): SessionStore {
  const { sessions, ownerEpochs } = tables

  const epochsOf = (owner: string) => ({
    owner: ownerEpochs.get(owner) ?? 0,
    global: tables.globalEpoch,
  })
  const isLive = ({ record }: SessionRow, now: number) =>
    stateOf(record, { now, epochs: epochsOf(record.owner) }) === 'live'
  const hasEnded = ({ record }: SessionRow) =>
    record.endedAt !== null || isOutdated(record, epochsOf(record.owner))

  const rowsOf = (ids: Iterable<string> | undefined) =>
    [...(ids ?? [])].flatMap((id) => sessions.get(id) ?? [])
  const live = (now: number, ids: Iterable<string> | undefined) =>
    rowsOf(ids).filter((row) => isLive(row, now))
  const unended = (ids: Iterable<string> | undefined) =>
    rowsOf(ids).filter(({ record }) => record.endedAt === null)

  /** Marks rows as ended, each with its child sessions. Returns those that had not expired. */
  function endAll(rows: readonly SessionRow[], now: number, reason: EndReason): EndedSession[] {
    const ended: EndedSession[] = []
    const end = (row: SessionRow, why: EndReason) => {
      const { id, owner, version } = row.record
      if (expiresAt(row.record) > now) ended.push({ id, owner, reason: why })
      row.record = { ...row.record, endedAt: now, endReason: why, version: version + 1 }
      drop(tables.anonymousByPrefix, anonymousPrefix(row.record), id)
    }
    for (const row of rows) end(row, reason)
    for (const { record } of rows) {
      for (const child of unended(tables.sessionsByParent.get(record.id)))
        end(child, 'parent_ended')
    }
    return ended
  }

  /**
   * Returns the ids to evict for a new record, or null if there is no room; `gone` is not counted.
   */
  function makeRoom(
    { owner, profile }: SessionRecord,
    gone: ReadonlySet<string>,
    { now, limit }: { now: number; limit: CreateConditions['limit'] | undefined },
  ): readonly string[] | null {
    if (limit === undefined) return []
    const rivals = live(now, tables.sessionsByOwner.get(owner))
      .map((row) => row.record)
      .filter((rival) => rival.profile === profile)
      .filter((rival) => !gone.has(rival.id) && !gone.has(rival.parent ?? ''))
    return chooseEvicted(rivals, limit)?.map((rival) => rival.id) ?? null
  }

  /**
   * Returns whether an epoch has risen: the owner's, the global one, or that of the target of an
   * impersonation.
   */
  function isRefused(record: SessionRecord, targetEpoch: number): boolean {
    const target = record.actsAs === null ? 0 : epochsOf(record.actsAs).owner
    return isOutdated(record, epochsOf(record.owner)) || target > targetEpoch
  }

  function remove(row: SessionRow): void {
    const { id, owner, parent } = row.record
    sessions.delete(id)
    drop(tables.sessionsByOwner, owner, id)
    drop(tables.sessionsByParent, parent, id)
    drop(tables.anonymousByPrefix, anonymousPrefix(row.record), id)
  }

  /** Returns the anonymous sessions to evict so that one more of its address prefix fits. */
  function overAtAddress(record: SessionRecord, perAddress: number): readonly SessionRow[] {
    const prefix = anonymousPrefix(record)
    if (prefix === null || prefix === '') return []
    const ids = tables.anonymousByPrefix.get(prefix)
    return ids === undefined || ids.size < perAddress
      ? []
      : leastUsed(rowsOf(ids)).slice(0, ids.size - perAddress + 1)
  }

  return {
    async findEpochs(owner) {
      gate.check()
      return epochsOf(owner)
    },

    async create(record, conditions, options) {
      const { now, limit, replaces, targetEpoch = 0, perAddress } = conditions
      gate.check()
      if (isRefused(record, targetEpoch)) return { ok: false, refused: 'epoch' }
      if (sessions.has(record.id))
        throw new LatchkeyError('conflict', 'A session of this id already exists.')
      const gone = new Set(live(now, replaces && [replaces.id]).map((row) => row.record.id))
      const evicted = makeRoom(record, gone, { now, limit })
      if (evicted === null) return { ok: false, refused: 'limit' }
      const { parent } = record
      const lost = [...gone, ...evicted]
      if (parent !== null && (lost.includes(parent) || live(now, [parent]).length === 0)) {
        return { ok: false, refused: 'parent' }
      }

      ownerEpochs.set(record.owner, Math.max(epochsOf(record.owner).owner, record.ownerEpoch))
      const ended = replaces === undefined ? [] : endAll(live(now, gone), now, replaces.reason)
      ended.push(...endAll(live(now, evicted), now, 'evicted'))
      if (perAddress !== undefined)
        ended.push(...endAll(overAtAddress(record, perAddress), now, 'evicted'))
      const moved = replaces?.moveData === true ? sessions.get(replaces.id) : undefined
      sessions.set(record.id, {
        seq: tables.nextSeq++,
        record: structuredClone(record),
        data: moved?.data ?? null,
      })
      if (moved !== undefined) moved.data = null
      add(tables.sessionsByOwner, record.owner, record.id)
      add(tables.sessionsByParent, parent, record.id)
      add(tables.anonymousByPrefix, anonymousPrefix(record), record.id)
      appendAudit(tables, options?.audit)
      return { ok: true, ended }
    },

    async find(id) {
      gate.check()
      const row = sessions.get(id)
      return row === undefined ? null : structuredClone(row.record)
    },

    async load(id) {
      gate.check()
      const record = sessions.get(id)?.record
      return record === undefined
        ? null
        : { record: structuredClone(record), epochs: epochsOf(record.owner) }
    },

    async update(record, expectedVersion, options) {
      gate.check()
      const row = sessions.get(record.id)
      if (row === undefined || hasEnded(row)) return false
      const before = row.record
      if (before.version !== expectedVersion) return false
      if (options?.unused === true && before.usedAt !== null) return false
      const current = epochsOf(before.owner)
      const epochs = options?.epochs ?? current
      if (epochs.owner !== current.owner || epochs.global !== current.global) return false
      const { owner, actsAs, parent, anonymous, profile, door, group } = before
      const { createdAt, globalEpoch, ownerEpoch } = before
      row.record = {
        ...structuredClone(record),
        ...{ owner, actsAs, parent, anonymous, profile, door, group },
        ...{ createdAt, globalEpoch, ownerEpoch },
        lastUsedAt: Math.max(before.lastUsedAt, record.lastUsedAt),
        endedAt: null,
        endReason: null,
      }
      appendAudit(tables, options?.audit)
      return true
    },

    async touch(touches) {
      gate.check()
      for (const { id, lastUsedAt } of touches) {
        const [row] = live(lastUsedAt, [id])
        if (row !== undefined && row.record.lastUsedAt < lastUsedAt) {
          row.record = { ...row.record, lastUsedAt }
        }
      }
    },

    async markUsed(id, generation, usedAt) {
      gate.check()
      const row = sessions.get(id)
      if (row === undefined || hasEnded(row) || row.record.generation !== generation) return false
      if (row.record.usedAt === null) row.record = { ...row.record, usedAt }
      return true
    },

    async end(which, { now, reason }, options) {
      gate.check()
      if ('id' in which) {
        const rows = unended([which.id]).filter(
          ({ record }) => which.owner === undefined || record.owner === which.owner,
        )
        return finish(endAll(rows, now, reason))
      }
      if ('anonymous' in which) {
        const rows = leastUsed(unended(sessions.keys()).filter(({ record }) => record.anonymous))
        return finish(endAll(rows.slice(0, which.limit), now, reason))
      }
      if ('actsAs' in which) {
        const rows = unended(sessions.keys()).filter(({ record }) => record.actsAs === which.actsAs)
        return finish(endAll(rows, now, reason))
      }
      if ('matching' in which) {
        const rows = live(now, sessions.keys()).filter(({ record }) => matches(record, which))
        return finish(endAll(rows.slice(0, MATCHING_PER_CALL), now, reason))
      }
      const owned = unended(tables.sessionsByOwner.get(which.owner))
      const isKept = (id: string) => which.keepAll === true || id === which.except
      const ended = endAll(
        owned.filter(({ record }) => !isKept(record.id)),
        now,
        reason,
      )
      if (which.raiseEpoch === undefined || which.raiseEpoch === false) return finish(ended)
      const to = which.raiseEpoch === true ? epochsOf(which.owner).owner + 1 : which.raiseEpoch
      raiseOwnerEpoch(tables, which.owner, to, isKept)
      appendAudit(tables, options?.audit)
      return ended

      function finish(ended: EndedSession[]): EndedSession[] {
        if (ended.length > 0) appendAudit(tables, options?.audit)
        return ended
      }
    },

    async raiseGlobalEpoch(options) {
      gate.check()
      tables.globalEpoch++
      appendAudit(tables, options?.audit)
      return tables.globalEpoch
    },

    async list(query) {
      gate.check()
      const limit = pageSize(query.limit)
      const before = positionOf('sessions', query.after) ?? Number.POSITIVE_INFINITY
      const ids =
        query.owner === undefined ? sessions.keys() : tables.sessionsByOwner.get(query.owner)
      const rows = live(query.now, ids).filter(
        ({ seq, record }) => seq < before && matches(record, query),
      )
      return cutPage(rows.reverse(), {
        listing: 'sessions',
        limit,
        position: (row) => row.seq,
        item: (row) => structuredClone(row.record),
      })
    },

    async count({ now, anonymous, ...query }) {
      gate.check()
      const ids =
        query.owner === undefined ? sessions.keys() : tables.sessionsByOwner.get(query.owner)
      const rows = live(now, ids).filter(({ record }) => matches(record, query))
      return anonymous === true ? rows.filter(({ record }) => record.anonymous).length : rows.length
    },

    async eraseSealed({ issuedBefore, limit }) {
      gate.check()
      let erased = 0
      for (const row of sessions.values()) {
        if (erased >= limit) break
        const { renewal, issuedAt } = row.record
        if (renewal === null || renewal.sealed === null || issuedAt >= issuedBefore) continue
        row.record = { ...row.record, renewal: { ...renewal, sealed: null } }
        erased++
      }
      return erased
    },

    async prune({ before, limit }) {
      gate.check()
      let removed = 0
      for (const row of sessions.values()) {
        if (removed >= limit) break
        if (
          Math.min(row.record.endedAt ?? Number.POSITIVE_INFINITY, expiresAt(row.record)) >= before
        ) {
          continue
        }
        remove(row)
        removed++
      }
      return removed
    },
  }
}

/** The maximum number of sessions that one call ends by profile, door or group. */
const MATCHING_PER_CALL = 500

function matches(
  record: SessionRecord,
  { profile, door, group }: { profile?: string; door?: string; group?: string },
): boolean {
  if (profile !== undefined && record.profile !== profile) return false
  if (door !== undefined && record.door !== door) return false
  return group === undefined || record.group === group
}

function leastUsed(rows: readonly SessionRow[]): readonly SessionRow[] {
  return rows.toSorted((a, b) => a.record.lastUsedAt - b.record.lastUsedAt)
}

function add(index: Map<string, Set<string>>, key: string | null, id: string): void {
  if (key === null) return
  const ids = index.get(key)
  if (ids === undefined) index.set(key, new Set([id]))
  else ids.add(id)
}

function drop(index: Map<string, Set<string>>, key: string | null, id: string): void {
  if (key === null) return
  const ids = index.get(key)
  ids?.delete(id)
  if (ids?.size === 0) index.delete(key)
}
