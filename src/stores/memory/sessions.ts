import { LatchkeyError } from '../../core/errors.ts'
import type { CreateConditions, SessionStore } from '../../core/ports/index.ts'
import { expiresAt, stateOf } from '../../core/session/lifetimes.ts'
import type { EndedSession, EndReason, SessionRecord } from '../../core/session/record.ts'
import { chooseEvicted } from '../kit/eviction.ts'
import { cutPage, pageSize, positionOf } from '../kit/paging.ts'
import { appendAudit, type Gate, type SessionRow, type Tables } from './engine.ts'

/** Sessions in memory. No verb awaits between its decision and its write, which makes each one write. */
export function createSessionStore(tables: Tables, gate: Gate): SessionStore {
  const { sessions, ownerEpochs } = tables

  const isLive = (row: SessionRow, now: number) =>
    stateOf(row.record, { now, globalEpoch: tables.globalEpoch }) === 'live'
  const hasEnded = ({ record }: SessionRow) =>
    record.endedAt !== null || record.globalEpoch < tables.globalEpoch
  const mayEnd = (row: SessionRow, now: number) =>
    !hasEnded(row) && expiresAt({ ...row.record, idleMs: null }) > now
  const epochsOf = (owner: string) => ({
    owner: ownerEpochs.get(owner) ?? 0,
    global: tables.globalEpoch,
  })

  const rowsOf = (ids: Iterable<string> | undefined) =>
    [...(ids ?? [])].flatMap((id) => sessions.get(id) ?? [])
  const live = (now: number, ids: Iterable<string> | undefined) =>
    rowsOf(ids).filter((row) => isLive(row, now))
  const endable = (now: number, ids: Iterable<string> | undefined) =>
    rowsOf(ids).filter((row) => mayEnd(row, now))

  /** Ends rows, each with the sessions whose parent it is. */
  function endAll(rows: readonly SessionRow[], now: number, reason: EndReason): EndedSession[] {
    const ended: EndedSession[] = []
    const end = (row: SessionRow, why: EndReason) => {
      const { id, owner, version } = row.record
      row.record = { ...row.record, endedAt: now, endReason: why, version: version + 1 }
      ended.push({ id, owner, reason: why })
    }
    for (const row of rows) end(row, reason)
    for (const { record } of rows) {
      for (const child of endable(now, tables.sessionsByParent.get(record.id))) {
        end(child, 'parent_ended')
      }
    }
    return ended
  }

  /** The ids to evict for a new record, or null if there is no room; `gone` does not count any more. */
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

  function remove(row: SessionRow): void {
    const { id, owner, parent } = row.record
    sessions.delete(id)
    drop(tables.sessionsByOwner, owner, id)
    if (parent !== null) drop(tables.sessionsByParent, parent, id)
  }

  return {
    async findEpochs(owner) {
      gate.check()
      return epochsOf(owner)
    },

    async create(record, { now, epochs, limit, replaces }, options) {
      gate.check()
      const current = epochsOf(record.owner)
      if (current.owner !== epochs.owner || current.global !== epochs.global) {
        return { ok: false, refused: 'epoch' }
      }
      if (sessions.has(record.id)) throw new LatchkeyError('conflict', 'This session exists.')
      const gone = new Set(live(now, replaces && [replaces.id]).map((row) => row.record.id))
      const evicted = makeRoom(record, gone, { now, limit })
      if (evicted === null) return { ok: false, refused: 'limit' }
      const { parent } = record
      const lost = [...gone, ...evicted]
      if (parent !== null && (lost.includes(parent) || live(now, [parent]).length === 0)) {
        return { ok: false, refused: 'parent' }
      }

      const ended = replaces === undefined ? [] : endAll(live(now, gone), now, replaces.reason)
      ended.push(...endAll(live(now, evicted), now, 'evicted'))
      sessions.set(record.id, {
        seq: tables.nextSeq++,
        record: structuredClone(record),
        data: null,
      })
      add(tables.sessionsByOwner, record.owner, record.id)
      if (parent !== null) add(tables.sessionsByParent, parent, record.id)
      appendAudit(tables, options?.audit)
      return { ok: true, ended }
    },

    async find(id) {
      gate.check()
      const row = sessions.get(id)
      return row === undefined ? null : structuredClone(row.record)
    },

    async update(record, expectedVersion, options) {
      gate.check()
      const row = sessions.get(record.id)
      if (row === undefined || hasEnded(row)) return false
      const before = row.record
      if (before.version !== expectedVersion) return false
      const current = epochsOf(before.owner)
      const epochs = options?.epochs ?? current
      if (epochs.owner !== current.owner || epochs.global !== current.global) return false
      const { owner, actsAs, parent, profile, door, createdAt, globalEpoch } = before
      row.record = {
        ...structuredClone(record),
        ...{ owner, actsAs, parent, profile, door, createdAt, globalEpoch },
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

    async end(which, { now, reason }, options) {
      gate.check()
      let rows: SessionRow[]
      let raised = false
      if ('id' in which) {
        rows = endable(now, [which.id]).filter(
          ({ record }) => which.owner === undefined || record.owner === which.owner,
        )
      } else if ('actsAs' in which) {
        rows = endable(now, sessions.keys()).filter(({ record }) => record.actsAs === which.actsAs)
      } else {
        const owned = which.keepAll ? [] : endable(now, tables.sessionsByOwner.get(which.owner))
        rows = owned.filter(({ record }) => record.id !== which.except)
        raised = which.raiseEpoch === true
        if (raised) ownerEpochs.set(which.owner, (ownerEpochs.get(which.owner) ?? 0) + 1)
      }
      const ended = endAll(rows, now, reason)
      if (raised || ended.length > 0) appendAudit(tables, options?.audit)
      return ended
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
        ({ seq, record }) =>
          seq < before &&
          (query.profile === undefined || record.profile === query.profile) &&
          (query.door === undefined || record.door === query.door),
      )
      return cutPage(rows.reverse(), {
        listing: 'sessions',
        limit,
        position: (row) => row.seq,
        item: (row) => structuredClone(row.record),
      })
    },

    async count({ now }) {
      gate.check()
      return live(now, sessions.keys()).length
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

    async findData(id) {
      gate.check()
      const data = sessions.get(id)?.data
      return data ? { ...data } : null
    },

    async saveData(id, value, expectedVersion) {
      gate.check()
      const row = sessions.get(id)
      if (row === undefined || hasEnded(row)) return null
      if ((row.data?.version ?? 0) !== expectedVersion) return null
      row.data = { value, version: expectedVersion + 1 }
      return expectedVersion + 1
    },
  }
}

function add(index: Map<string, Set<string>>, key: string, id: string): void {
  const ids = index.get(key)
  if (ids === undefined) index.set(key, new Set([id]))
  else ids.add(id)
}

function drop(index: Map<string, Set<string>>, key: string, id: string): void {
  const ids = index.get(key)
  ids?.delete(id)
  if (ids?.size === 0) index.delete(key)
}
