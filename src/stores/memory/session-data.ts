import type { SessionData, SessionStore } from '../../core/ports/index.ts'
import { expiresAt, isOutdated, stateOf } from '../../core/session/lifetimes.ts'
import { appendAudit, type Gate, type SessionRow, type Tables } from './engine.ts'

/** The data of sessions in memory. */
export function createSessionData(tables: Tables, gate: Gate, sessions: SessionStore): SessionData {
  const epochsOf = (owner: string) => ({
    owner: tables.ownerEpochs.get(owner) ?? 0,
    global: tables.globalEpoch,
  })

  const write = (row: SessionRow, value: string) => {
    const version = (row.data?.version ?? 0) + 1
    row.data = { value, version }
    return version
  }

  return {
    async find(id) {
      gate.check()
      const data = tables.sessions.get(id)?.data
      return data ? { ...data } : null
    },

    async save(id, value, expectedVersion) {
      gate.check()
      const row = tables.sessions.get(id)
      if (row === undefined || row.record.endedAt !== null) return null
      if (isOutdated(row.record, epochsOf(row.record.owner))) return null
      if (expectedVersion !== undefined && (row.data?.version ?? 0) !== expectedVersion) return null
      return write(row, value)
    },

    async put({ mode, record, value, expectedVersion, now }, options) {
      gate.check()
      const row = tables.sessions.get(record.id)
      if (row === undefined) {
        if (mode === 'update') return { ok: false, refused: 'ended' }
        if ((expectedVersion ?? 0) !== 0) return { ok: false, refused: 'version' }
        const creating = sessions.create(record, { now }, options)
        // In the same turn, so that no other write comes between the session and its data.
        const added = tables.sessions.get(record.id)
        if (added !== undefined) added.data = { value, version: 1 }
        if (!(await creating).ok) return { ok: false, refused: 'epoch' }
        return { ok: true, created: true, version: 1, endsEarlier: false }
      }
      if (mode === 'create') return { ok: false, refused: 'exists' }
      const before = row.record
      if (stateOf(before, { now, epochs: epochsOf(before.owner) }) !== 'live') {
        return { ok: false, refused: 'ended' }
      }
      if (expectedVersion !== undefined && (row.data?.version ?? 0) !== expectedVersion) {
        return { ok: false, refused: 'version' }
      }
      const { idleMs, endsAt } = record
      const moved = idleMs !== before.idleMs || endsAt !== before.endsAt
      const after = {
        ...before,
        idleMs,
        endsAt,
        lastUsedAt: Math.max(before.lastUsedAt, record.lastUsedAt),
        version: before.version + (moved ? 1 : 0),
      }
      row.record = after
      appendAudit(tables, options?.audit)
      const endsEarlier = expiresAt(after) < expiresAt(before)
      return { ok: true, created: false, version: write(row, value), endsEarlier }
    },

    async list(query) {
      const page = await sessions.list(query)
      const withData = page.items.map((record) => {
        const data = tables.sessions.get(record.id)?.data ?? null
        return { record, data: data && { ...data } }
      })
      return { ...page, items: withData }
    },
  }
}
