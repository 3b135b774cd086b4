import { sql } from 'kysely'
import type { Statements } from './database.ts'

/** What a lock protects: the keys of one kind collide with those of no other. */
type Locked = 'owner' | 'identity' | 'counter' | 'mailbox'

/**
 * Locks keys until the end of the transaction, in an order that all transactions share. The caller reads and writes in later statements:
 * under READ COMMITTED each sees what was committed before it began, so what the previous holder wrote.
 */
export async function lock(db: Statements, kind: Locked, keys: readonly string[]): Promise<void> {
  const names = [...new Set(keys)].map((key) => `${kind}:${key}`)
  await sql`
    SELECT pg_advisory_xact_lock(key) FROM (
      SELECT DISTINCT hashtextextended(name, 0) AS key FROM unnest(${names}::text[]) AS name
      ORDER BY key) AS keys`.execute(db)
}

/**
 * Locks owners, and the owners of sessions, as {@link lock} does.
 */
export async function lockOwners(
  db: Statements,
  schema: string,
  which: { readonly owners: readonly string[]; readonly ofSessions: readonly string[] },
): Promise<void> {
  if (which.ofSessions.length === 0) return lock(db, 'owner', which.owners)
  await sql`
    SELECT pg_advisory_xact_lock(key) FROM (
      SELECT DISTINCT hashtextextended('owner:' || owner, 0) AS key FROM (
        SELECT owner FROM unnest(${[...which.owners]}::text[]) AS owner
        UNION SELECT owner FROM ${sql.table(`${schema}.sessions`)}
          WHERE id = ANY(${[...which.ofSessions]}::text[])) AS owners
      ORDER BY key) AS keys`.execute(db)
}
