import type { Documents } from '../../core/ports/index.ts'
import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

/** Creates documents in a file. */
export function createDocuments(reader: Reader, writer: Writer): Documents {
  const find = reader.prepare<[value: string, version: number, expiresAt: number | null]>(
    `SELECT value, version, expires_at FROM documents
     WHERE key = ? AND (expires_at IS NULL OR expires_at > ?)`,
  )
  return {
    async find(key, now) {
      const row = find.get(key, now)
      return row === undefined ? null : { value: row[0], version: row[1], expiresAt: row[2] }
    },

    save: (key, value, { now, expectedVersion = null, expiresAt = null }) =>
      writer.write('saveDocument', key, value, now, expectedVersion, expiresAt),

    remove: (key, { now, expectedVersion = null }) =>
      writer.write('removeDocument', key, now, expectedVersion),

    prune: ({ now, limit }) => writer.write('pruneDocuments', now, limit),
  }
}
