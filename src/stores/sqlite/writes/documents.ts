import type { DatabaseSync } from 'node:sqlite'
import { prepare } from '../statement.ts'

/** Returns the writes of documents. */
export function documentWrites(db: DatabaseSync) {
  const findVersion = prepare<[number]>(
    db,
    'SELECT version FROM documents WHERE key = ? AND (expires_at IS NULL OR expires_at > ?)',
  )
  const replace = prepare(
    db,
    'INSERT OR REPLACE INTO documents (key, value, version, expires_at) VALUES (?, ?, ?, ?)',
  )
  const remove = prepare(db, 'DELETE FROM documents WHERE key = ?')
  const removeExpired = prepare(
    db,
    `DELETE FROM documents WHERE key IN
     (SELECT key FROM documents WHERE expires_at IS NOT NULL AND expires_at <= ? LIMIT ?)`,
  )

  return {
    saveDocument(
      key: string,
      value: string,
      now: number,
      expectedVersion: number | null,
      expiresAt: number | null,
    ): number | null {
      const current = findVersion.get(key, now)?.[0] ?? 0
      if (expectedVersion !== null && expectedVersion !== current) return null
      replace.run(key, value, current + 1, expiresAt)
      return current + 1
    },

    removeDocument(key: string, now: number, expectedVersion: number | null): boolean {
      const current = findVersion.get(key, now)?.[0]
      if (current === undefined) return false
      if (expectedVersion !== null && expectedVersion !== current) return false
      return remove.run(key) === 1
    },

    pruneDocuments(now: number, limit: number): number {
      return removeExpired.run(now, limit)
    },
  }
}
