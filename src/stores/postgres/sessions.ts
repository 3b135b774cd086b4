import { sql } from 'kysely'
import type { SessionQuery, SessionStore } from '../../core/ports/index.ts'
import { cutPage, pageSize, positionOf } from '../kit/paging.ts'
import { appendAudit } from './audit.ts'
import { type Database, type Statements, Undo } from './database.ts'
import { findEpochs, isCurrent, isLive } from './epochs.ts'
import { changedColumns, fromSessionRow, SESSION_COLUMNS } from './session-row.ts'
import { createWalk } from './walk.ts'
import { sessionWrites } from './writes/sessions.ts'

/** The rows that one step of a walk examines. */
const ROWS_PER_STEP = 2000

/** The maximum number of rows that one step removes, so that no lock is held for long. */
const REMOVALS_PER_STEP = 500

/** Creates sessions in a database. */
export function createSessionStore(database: Database): SessionStore {
  const { schema } = database
  const writes = sessionWrites(schema)
  const pruneWalk = createWalk(0)
  const sealedWalk = createWalk(0)

  /** Returns the last row of a step of a walk, or null if it is the last one. */
  async function boundAfter(db: Statements, from: number): Promise<number | null> {
    const row = await db
      .selectFrom('sessions')
      .select('seq')
      .where('seq', '>', from)
      .orderBy('seq')
      .limit(1)
      .offset(ROWS_PER_STEP - 1)
      .executeTakeFirst()
    return row?.seq ?? null
  }

  function nextAfter(removed: readonly { seq: number }[], most: number, bound: number | null) {
    const last = Math.max(...removed.map(({ seq }) => seq))
    return { removed: removed.length, next: removed.length === most ? last : bound }
  }

  return {
    findEpochs: (owner) => database.read((db) => findEpochs(db, owner)),

    async create(given, conditions, options) {
      // The caller may change its record while the call waits for a connection.
      const record = structuredClone(given)
      return database.transaction(async (db) => {
        const outcome = await writes.create(db, record, conditions)
        if (!outcome.ok) throw new Undo(outcome)
        await appendAudit(db, options?.audit)
        return outcome
      })
    },

    async find(id) {
      const row = await database.read((db) =>
        db.selectFrom('sessions').select(SESSION_COLUMNS).where('id', '=', id).executeTakeFirst(),
      )
      return row === undefined ? null : fromSessionRow(row)
    },

    async load(id) {
      // One statement, so one snapshot: the epochs are those of the record's time.
      const row = await database.read((db) =>
        db
          .selectFrom('sessions')
          .select(SESSION_COLUMNS)
          .select((e) => [
            e.selectFrom('global_epoch').select('epoch').as('current_global'),
            e
              .selectFrom('epochs')
              .select('epoch')
              .whereRef('epochs.owner', '=', 'sessions.owner')
              .as('current_owner'),
          ])
          .where('id', '=', id)
          .executeTakeFirst(),
      )
      if (row === undefined) return null
      const epochs = { owner: row.current_owner ?? 0, global: row.current_global ?? 0 }
      return { record: fromSessionRow(row), epochs }
    },

    async update(record, expectedVersion, { epochs, unused = false, audit } = {}) {
      const { id, lastUsedAt } = record
      const changed = changedColumns(record)
      const write = async (db: Statements) => {
        let query = db
          .updateTable('sessions')
          .set({ ...changed, last_used_at: sql`greatest(last_used_at, ${lastUsedAt})` })
          .where('id', '=', id)
          .where('version', '=', expectedVersion)
          .where('ended_at', 'is', null)
          .where(isCurrent(schema))
        if (unused) query = query.where('used_at', 'is', null)
        if (epochs !== undefined) {
          const ownerEpoch = sql`coalesce((SELECT epoch FROM ${sql.table(`${schema}.epochs`)} AS o WHERE o.owner = sessions.owner), 0)`
          query = query
            .where(sql<boolean>`${ownerEpoch} = ${epochs.owner}`)
            .where((e) => e(e.selectFrom('global_epoch').select('epoch'), '=', epochs.global))
        }
        const { numUpdatedRows } = await query.executeTakeFirst()
        return numUpdatedRows === 1n
      }
      if (audit === undefined) return database.write(write)
      return database.transaction(async (db) => {
        const done = await write(db)
        if (done) await appendAudit(db, audit)
        return done
      })
    },

    async touch(touches) {
      if (touches.length === 0) return
      // In one order, so that two batches of different nodes do not wait for each other.
      const sorted = touches.toSorted((a, b) => (a.id < b.id ? -1 : 1))
      const ids = sorted.map(({ id }) => id)
      const times = sorted.map(({ lastUsedAt }) => lastUsedAt)
      await database.write((db) =>
        sql`
          WITH given AS (
            SELECT id, max(at) AS at FROM unnest(${ids}::text[], ${times}::bigint[]) AS t (id, at)
            GROUP BY id
          ), found AS (
            SELECT sessions.seq, given.at FROM ${sql.table(`${schema}.sessions`)} AS sessions
            JOIN given ON sessions.id = given.id ORDER BY sessions.id FOR NO KEY UPDATE OF sessions
          )
          UPDATE ${sql.table(`${schema}.sessions`)} AS sessions SET last_used_at = found.at FROM found
          WHERE sessions.seq = found.seq AND sessions.last_used_at < found.at
            AND sessions.ended_at IS NULL AND sessions.expires_at > found.at AND ${isCurrent(schema)}`.execute(
          db,
        ),
      )
    },

    async markUsed(id, generation, usedAt) {
      const { numUpdatedRows } = await database.write((db) =>
        db
          .updateTable('sessions')
          .set({ used_at: sql`coalesce(used_at, ${usedAt})` })
          .where('id', '=', id)
          .where('generation', '=', generation)
          .where('ended_at', 'is', null)
          .where(isCurrent(schema))
          .executeTakeFirst(),
      )
      return numUpdatedRows === 1n
    },

    end: (which, ending, options) =>
      database.transaction(async (db) => {
        const { ended, wrote } = await writes.end(db, which, ending)
        if (wrote) await appendAudit(db, options?.audit)
        return ended
      }),

    raiseGlobalEpoch: (options) =>
      database.transaction(async (db) => {
        const { epoch } = await db
          .updateTable('global_epoch')
          .set({ epoch: sql`epoch + 1` })
          .returning('epoch')
          .executeTakeFirstOrThrow()
        await appendAudit(db, options?.audit)
        return epoch
      }),

    async list(query) {
      const size = pageSize(query.limit)
      const rows = await database.read((db) =>
        listed(db, schema, query)
          .select(SESSION_COLUMNS)
          .limit(size + 1)
          .execute(),
      )
      return cutPage(rows, {
        listing: 'sessions',
        limit: size,
        position: ({ seq }) => seq,
        item: fromSessionRow,
      })
    },

    async count({ maxAgeMs: _, anonymous, ...query }) {
      const row = await database.read((db) => {
        const live = matching(db, schema, query).select((e) => e.fn.countAll<number>().as('count'))
        const counted = anonymous ? live.where('anonymous_prefix', 'is not', null) : live
        return counted.executeTakeFirstOrThrow()
      })
      return row.count
    },

    eraseSealed: ({ issuedBefore, limit }) =>
      sealedWalk(limit, async (from, left) => {
        const most = Math.min(left, REMOVALS_PER_STEP)
        return database.transaction(async (db) => {
          const bound = await boundAfter(db, from)
          const erased = await db
            .updateTable('sessions')
            .set({ sealed: null })
            .where('seq', 'in', (e) =>
              e
                .selectFrom('sessions')
                .select('seq')
                .where('seq', '>', from)
                .where('seq', '<=', bound ?? Number.MAX_SAFE_INTEGER)
                .where('sealed', 'is not', null)
                .where('issued_at', '<', issuedBefore)
                .orderBy('seq')
                .limit(most),
            )
            .where('sealed', 'is not', null)
            .where('issued_at', '<', issuedBefore)
            .returning('seq')
            .execute()
          return nextAfter(erased, most, bound)
        })
      }),

    prune: ({ before, limit }) =>
      pruneWalk(limit, async (from, left) => {
        const most = Math.min(left, REMOVALS_PER_STEP)
        return database.transaction(async (db) => {
          const bound = await boundAfter(db, from)
          const isOver = sql<boolean>`(ended_at < ${before} OR expires_at < ${before})`
          const removed = await db
            .deleteFrom('sessions')
            .where('seq', 'in', (e) =>
              e
                .selectFrom('sessions')
                .select('seq')
                .where('seq', '>', from)
                .where('seq', '<=', bound ?? Number.MAX_SAFE_INTEGER)
                .where(isOver)
                .orderBy('seq')
                .limit(most),
            )
            .where(isOver)
            .returning('seq')
            .execute()
          return nextAfter(removed, most, bound)
        })
      }),
  }
}

/** Returns the query of the live sessions that a filter names. */
function matching(
  db: Statements,
  schema: string,
  { now, owner, profile, door, group }: Omit<SessionQuery, 'limit' | 'after'>,
) {
  let query = db.selectFrom('sessions').where(isLive(schema, now))
  if (owner !== undefined) query = query.where('owner', '=', owner)
  if (profile !== undefined) query = query.where('profile', '=', profile)
  if (door !== undefined) query = query.where('door', '=', door)
  if (group !== undefined) query = query.where('session_group', '=', group)
  return query
}

/** Returns the query of one page of live sessions, newest first. */
export function listed(db: Statements, schema: string, query: SessionQuery) {
  const start = positionOf('sessions', query.after)
  const found = matching(db, schema, query).orderBy('seq', 'desc')
  return start === null ? found : found.where('seq', '<', start)
}
