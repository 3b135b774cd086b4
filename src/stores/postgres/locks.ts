import { sql } from 'kysely'
import type { Statements } from './database.ts'

/** What a lock protects: the keys of one kind collide with those of no other. */
type Locked = 'owner' | 'address' | 'identity' | 'counter' | 'mailbox'

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

/** What a verb locks before it creates or ends sessions. */
export interface OwnerLocks {
  readonly owners: readonly string[]
  /** The sessions whose owners are locked too. */
  readonly ofSessions: readonly string[]
  /** The prefix of addresses whose anonymous sessions are counted. */
  readonly address?: string | null
}

/** Locks owners, the owners of sessions, and an address prefix, as {@link lock} does. */
export async function lockOwners(
  db: Statements,
  schema: string,
  { owners, ofSessions, address }: OwnerLocks,
): Promise<void> {
  const names = owners.map((owner) => `owner:${owner}`)
  if (address) names.push(`address:${address}`)
  await sql`
    SELECT pg_advisory_xact_lock(key) FROM (
      SELECT DISTINCT hashtextextended(name, 0) AS key FROM (
        SELECT name FROM unnest(${names}::text[]) AS name
        UNION SELECT 'owner:' || owner FROM ${sql.table(`${schema}.sessions`)}
          WHERE id = ANY(${[...ofSessions]}::text[])) AS names
      ORDER BY key) AS keys`.execute(db)
}
