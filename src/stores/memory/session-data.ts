import type {
  DataPut,
  PutOutcome,
  SessionData,
  SessionStore,
  WriteOptions,
} from '../../core/ports/index.ts'
import { expiresAt, isOutdated, stateOf } from '../../core/session/lifetimes.ts'
import type { SessionRecord } from '../../core/session/record.ts'
import { appendAudit, type Gate, type SessionRow, type Tables } from './engine.ts'

/** Creates the session data in memory. */
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

  async function create(
    { mode, record, value, expectedVersion = 0, ...conditions }: DataPut,
    options: WriteOptions | undefined,
  ): Promise<PutOutcome> {
    if (mode === 'update') return { ok: false, refused: 'ended' }
    if (expectedVersion !== 0) return { ok: false, refused: 'version' }
    const creating = sessions.create(record, conditions, options)
    // In the same turn, so that no other write happens between the session and its data.
    const added = tables.sessions.get(record.id)
    if (added !== undefined) added.data = { value, version: 1 }
    const created = await creating
    if (!created.ok) return { ok: false, refused: 'epoch' }
    return { ok: true, created: true, version: 1, endsEarlier: false, ended: created.ended }
  }

  function refusalOf({ record, data }: SessionRow, { mode, expectedVersion, now }: DataPut) {
    if (mode === 'create') return 'exists'
    if (stateOf(record, { now, epochs: epochsOf(record.owner) }) !== 'live') return 'ended'
    const version = data?.version ?? 0
    return expectedVersion !== undefined && version !== expectedVersion ? 'version' : null
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

    async put(put, options) {
      gate.check()
      const row = tables.sessions.get(put.record.id)
      if (row === undefined) return create(put, options)
      const refused = refusalOf(row, put)
      if (refused !== null) return { ok: false, refused }
      const before = row.record
      row.record = used(before, put.record)
      appendAudit(tables, options?.audit)
      const endsEarlier = expiresAt(row.record) < expiresAt(before)
      const version = write(row, put.value)
      return { ok: true, created: false, version, endsEarlier, ended: [] }
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

/** Returns a record after a use that may move its end. */
function used(before: SessionRecord, { idleMs, endsAt, lastUsedAt }: SessionRecord): SessionRecord {
  const moved = idleMs !== before.idleMs || endsAt !== before.endsAt
  return {
    ...before,
    idleMs,
    endsAt,
    lastUsedAt: Math.max(before.lastUsedAt, lastUsedAt),
    version: before.version + (moved ? 1 : 0),
  }
}
