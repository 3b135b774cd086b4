import { sql } from 'kysely'
import { LatchkeyError } from '../../core/errors.ts'
import type { DataPut, PutOutcome, SessionData, WriteOptions } from '../../core/ports/index.ts'
import { cutPage, pageSize } from '../kit/paging.ts'
import { appendAudit } from './audit.ts'
import { type Database, type Statements, Undo } from './database.ts'
import { isCurrent, isLive } from './epochs.ts'
import { fromSessionRow, SESSION_COLUMNS } from './session-row.ts'
import { listed } from './sessions.ts'
import { sessionWrites } from './writes/sessions.ts'

/** Creates the session data in a database. It is stored in the row of its session, so that a save is one statement. */
export function createSessionData(database: Database): SessionData {
  const { schema } = database
  const writes = sessionWrites(schema)

  async function create(db: Statements, put: DataPut, options: WriteOptions | undefined) {
    const { mode, record, value, expectedVersion = 0, ...conditions } = put
    const refuse = (refused: 'ended' | 'version' | 'epoch') => ({ ok: false, refused }) as const
    if (mode === 'update') return refuse('ended')
    if (expectedVersion !== 0) return refuse('version')
    const created = await writes.create(db, record, conditions)
    if (!created.ok) throw new Undo(refuse('epoch'))
    await db
      .updateTable('sessions')
      .set({ data: value, data_version: 1 })
      .where('id', '=', record.id)
      .execute()
    await appendAudit(db, options?.audit)
    const { ended } = created
    return { ok: true, created: true, version: 1, endsEarlier: false, ended } as const
  }

  async function update(
    db: Statements,
    { mode, record, value, expectedVersion, now }: DataPut,
    options: WriteOptions | undefined,
  ): Promise<PutOutcome | null> {
    const found = await db
      .selectFrom('sessions')
      .select(['seq', 'expires_at', 'idle_ms', 'ends_at', 'data_version'])
      .select(isLive(schema, now).as('live'))
      .where('id', '=', record.id)
      .forUpdate()
      .executeTakeFirst()
    if (found === undefined) return null
    if (mode === 'create') return { ok: false, refused: 'exists' }
    if (!found.live) return { ok: false, refused: 'ended' }
    if ((expectedVersion ?? found.data_version) !== found.data_version) {
      return { ok: false, refused: 'version' }
    }
    const moved = found.idle_ms !== record.idleMs || found.ends_at !== record.endsAt
    const after = await db
      .updateTable('sessions')
      .set({
        last_used_at: sql`greatest(last_used_at, ${record.lastUsedAt})`,
        ...(moved
          ? { idle_ms: record.idleMs, ends_at: record.endsAt, version: sql`version + 1` }
          : {}),
        data: value,
        data_version: found.data_version + 1,
      })
      .where('seq', '=', found.seq)
      .returning(['expires_at', 'data_version'])
      .executeTakeFirstOrThrow()
    await appendAudit(db, options?.audit)
    const endsEarlier = after.expires_at < found.expires_at
    return { ok: true, created: false, version: after.data_version, endsEarlier, ended: [] }
  }

  return {
    async find(id) {
      const row = await database.read((db) =>
        db
          .selectFrom('sessions')
          .select(['data', 'data_version'])
          .where('id', '=', id)
          .executeTakeFirst(),
      )
      if (row === undefined || row.data === null) return null
      return { value: row.data, version: row.data_version }
    },

    async save(id, value, expectedVersion) {
      const row = await database.write((db) => {
        // An expired session may still be extended by a use that is not written yet, so only its end counts.
        const query = db
          .updateTable('sessions')
          .set({ data: value, data_version: sql`data_version + 1` })
          .where('id', '=', id)
          .where('ended_at', 'is', null)
          .where(isCurrent(schema))
          .returning('data_version')
        if (expectedVersion === undefined) return query.executeTakeFirst()
        return query.where('data_version', '=', expectedVersion).executeTakeFirst()
      })
      return row?.data_version ?? null
    },

    async put(given, options) {
      // The caller may change its record while the call waits for a connection.
      const put = structuredClone(given)
      const attempt = () =>
        database.transaction(
          async (db) => (await update(db, put, options)) ?? (await create(db, put, options)),
        )
      try {
        return await attempt()
      } catch (error) {
        // Another call created the session since the look-up, so now there is one to update.
        if (error instanceof LatchkeyError && error.code === 'conflict') return attempt()
        throw error
      }
    },

    async list(query) {
      const size = pageSize(query.limit)
      const rows = await database.read((db) =>
        listed(db, schema, query)
          .select([...SESSION_COLUMNS, 'data', 'data_version'])
          .limit(size + 1)
          .execute(),
      )
      return cutPage(rows, {
        listing: 'sessions',
        limit: size,
        position: ({ seq }) => seq,
        item: (row) => ({
          record: fromSessionRow(row),
          data: row.data === null ? null : { value: row.data, version: row.data_version },
        }),
      })
    },
  }
}
