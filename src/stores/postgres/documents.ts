import { sql } from 'kysely'
import type { Documents } from '../../core/ports/index.ts'
import type { Database } from './database.ts'

/** Creates documents in a database. Every write is one statement. */
export function createDocuments(database: Database): Documents {
  return {
    async find(key, now) {
      const row = await database.read((db) =>
        db
          .selectFrom('documents')
          .select(['value', 'version', 'expires_at as expiresAt'])
          .where('key', '=', key)
          .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', now)]))
          .executeTakeFirst(),
      )
      return row ?? null
    },

    async save(key, value, { now, expectedVersion, expiresAt = null }) {
      const row = await database.write((db) => {
        if (expectedVersion !== undefined && expectedVersion !== 0) {
          return db
            .updateTable('documents')
            .set({ value, version: expectedVersion + 1, expires_at: expiresAt })
            .where('key', '=', key)
            .where('version', '=', expectedVersion)
            .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', now)]))
            .returning('version')
            .executeTakeFirst()
        }
        const expired = sql<boolean>`documents.expires_at <= ${now}`
        return db
          .insertInto('documents')
          .values({ key, value, version: 1, expires_at: expiresAt })
          .onConflict((conflict) => {
            const update = conflict.column('key').doUpdateSet({
              value,
              version: sql`CASE WHEN ${expired} THEN 1 ELSE documents.version + 1 END`,
              expires_at: expiresAt,
            })
            return expectedVersion === undefined ? update : update.where(expired)
          })
          .returning('version')
          .executeTakeFirst()
      })
      return row?.version ?? null
    },

    async remove(key, { now, expectedVersion }) {
      const removed = await database.write((db) => {
        const query = db
          .deleteFrom('documents')
          .where('key', '=', key)
          .where((e) => e.or([e('expires_at', 'is', null), e('expires_at', '>', now)]))
        if (expectedVersion === undefined) return query.executeTakeFirst()
        return query.where('version', '=', expectedVersion).executeTakeFirst()
      })
      return removed.numDeletedRows === 1n
    },

    async prune({ now, limit }) {
      const removed = await database.write((db) =>
        db
          .deleteFrom('documents')
          .where('key', 'in', (e) =>
            e.selectFrom('documents').select('key').where('expires_at', '<=', now).limit(limit),
          )
          .where('expires_at', '<=', now)
          .executeTakeFirst(),
      )
      return Number(removed.numDeletedRows)
    },
  }
}
