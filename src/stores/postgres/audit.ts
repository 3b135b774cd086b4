import { type Insertable, type Selectable, sql } from 'kysely'
import type { AuditEntry } from '../../core/audit.ts'
import { LatchkeyError } from '../../core/errors.ts'
import type { Audit } from '../../core/ports/index.ts'
import { cursorAt, cutPage, pageSize, positionOf } from '../kit/paging.ts'
import type { Database, Statements } from './database.ts'
import type { AuditTable } from './tables.ts'

/** Appends the audit entry of a write in its transaction; nothing without one. */
export async function appendAudit(db: Statements, entry: AuditEntry | undefined): Promise<void> {
  if (entry !== undefined) await db.insertInto('audit').values(toAuditRow(entry)).execute()
}

/** Returns the row of an entry. */
export function toAuditRow(entry: AuditEntry): Insertable<AuditTable> {
  const { identityHash, detail, ...columns } = entry
  return { ...columns, identity_hash: identityHash, detail: detail && JSON.stringify(detail) }
}

/** Creates the audit trail in a database. */
export function createAudit(database: Database): Audit {
  return {
    async append(entries) {
      const rows = entries.map(toAuditRow)
      if (rows.length === 0) return
      await database.transaction(async (db) => {
        // A statement has at most 65,535 parameters.
        for (let at = 0; at < rows.length; at += 1000) {
          await db
            .insertInto('audit')
            .values(rows.slice(at, at + 1000))
            .execute()
        }
      })
    },

    async list({ actor, act, session, since, limit, after }) {
      const size = pageSize(limit)
      const start = positionOf('audit', after)
      const rows = await database.read((db) => {
        let query = db.selectFrom('audit').selectAll()
        if (start !== null) query = query.where('seq', '<', start)
        if (actor !== undefined) query = query.where('actor', '=', actor)
        if (act !== undefined) query = query.where('act', '=', act)
        if (session !== undefined) query = query.where('session', '=', session)
        if (since !== undefined) query = query.where('at', '>=', since)
        return query
          .orderBy('seq', 'desc')
          .limit(size + 1)
          .execute()
      })
      return cutPage(rows, {
        listing: 'audit',
        limit: size,
        position: ({ seq }) => seq,
        item: fromAuditRow,
      })
    },

    async read({ after, limit }) {
      const size = pageSize(limit)
      const from = trailPosition(after)
      // A transaction that is still open may insert an entry with a lower number than one that is visible, so only
      // entries of transactions before the oldest open one are read, in the order of transactions.
      const rows = await database.read((db) =>
        db
          .selectFrom('audit')
          .selectAll()
          .where(sql<boolean>`(transaction, seq) > (${from[0]}::bigint, ${from[1]}::bigint)`)
          .where(
            'transaction',
            '<',
            sql<number>`pg_snapshot_xmin(pg_current_snapshot())::text::bigint`,
          )
          .orderBy('transaction')
          .orderBy('seq')
          .limit(size)
          .execute(),
      )
      const last = rows.at(-1)
      const cursor = trailCursor(last === undefined ? from : [last.transaction, last.seq])
      return { items: rows.map(fromAuditRow), cursor }
    },

    async erase({ actors, after, limit }) {
      const from = positionOf('trail', after) ?? 0
      const size = pageSize(limit)
      const { rows } = await database.write((db) => {
        const audit = sql.table(`${database.schema}.audit`)
        return sql<{ erased: number; last: number | null; newest: number | null }>`
          WITH step AS (SELECT seq FROM ${audit} WHERE seq > ${from} ORDER BY seq LIMIT ${size}),
          erased AS (
            UPDATE ${audit} AS a SET address = NULL, identity_hash = NULL, detail = NULL FROM step
            WHERE a.seq = step.seq AND a.actor = ANY(${[...actors]}::text[])
              AND coalesce(a.address, a.identity_hash, a.detail) IS NOT NULL
            RETURNING 1)
          SELECT (SELECT count(*) FROM erased) AS erased, (SELECT max(seq) FROM step) AS last,
            (SELECT max(seq) FROM ${audit}) AS newest`.execute(db)
      })
      const { erased = 0, last = null, newest = null } = rows[0] ?? {}
      return {
        erased,
        ...(last === null || last === newest ? {} : { next: cursorAt('trail', last) }),
      }
    },

    async prune({ before, maxEntries, limit }) {
      const old = await removeEntries(database, limit, (db) =>
        db.selectFrom('audit').select('seq').where('at', '<', before).orderBy('at'),
      )
      if (old >= limit) return old
      const oldestKept = await database.read((db) =>
        db
          .selectFrom('audit')
          .select('seq')
          .orderBy('seq', 'desc')
          .limit(1)
          .offset(Math.max(0, maxEntries - 1))
          .executeTakeFirst(),
      )
      if (oldestKept === undefined) return old
      const bound = maxEntries < 1 ? oldestKept.seq + 1 : oldestKept.seq
      const beyond = await removeEntries(database, limit - old, (db) =>
        db.selectFrom('audit').select('seq').where('seq', '<', bound).orderBy('seq'),
      )
      return old + beyond
    },
  }
}

async function removeEntries(
  database: Database,
  limit: number,
  select: (db: Statements) => ReturnType<typeof entriesOf>,
): Promise<number> {
  const removed = await database.write((db) =>
    db.deleteFrom('audit').where('seq', 'in', select(db).limit(limit)).executeTakeFirst(),
  )
  return Number(removed.numDeletedRows)
}

function entriesOf(db: Statements) {
  return db.selectFrom('audit').select('seq')
}

function fromAuditRow(row: Selectable<AuditTable>): AuditEntry & { readonly id: string } {
  const { seq, transaction: _, identity_hash: identityHash, detail, ...entry } = row
  return {
    ...entry,
    identityHash,
    detail: detail === null ? null : JSON.parse(detail),
    id: String(seq),
  }
}

type TrailPosition = readonly [transaction: number, seq: number]

function trailCursor([transaction, seq]: TrailPosition): string {
  return Buffer.from(`trail:${transaction}.${seq}`).toString('base64url')
}

function trailPosition(cursor: string | undefined): TrailPosition {
  if (cursor === undefined) return [0, 0]
  if (typeof cursor === 'string' && cursor.length <= 64) {
    const text = Buffer.from(cursor, 'base64url').toString('latin1')
    const [, transaction, seq] = /^trail:(\d{1,15})\.(\d{1,15})$/.exec(text) ?? []
    const position = [Number(transaction), Number(seq)] as const
    if (trailCursor(position) === cursor) return position
  }
  throw new LatchkeyError(
    'invalid_request',
    'This is not a cursor of this list. Pass the cursor of its previous page.',
    { issues: [{ path: 'after', message: 'not a cursor of this list' }] },
  )
}
