import { sql } from 'kysely'
import type { CounterState, Counters } from '../../core/ports/index.ts'
import { refunded } from '../kit/counter-rules.ts'
import { decideReservation } from '../kit/reservation.ts'
import type { Database, Statements } from './database.ts'
import { lock } from './locks.ts'
import { createWalk } from './walk.ts'

/** Creates counters in a database. A lock per key serialises attempts. */
export function createCounters(database: Database, maxKeys: number): Counters {
  const walk = createWalk<string>('')

  async function statesOf(db: Statements, keys: readonly string[]) {
    await lock(db, 'counter', keys)
    const rows = await db
      .selectFrom('counters')
      .select(['key', 'count', 'at', 'expires_at as expiresAt'])
      .where('key', 'in', [...keys])
      .execute()
    return new Map<string, CounterState>(rows.map(({ key, ...state }) => [key, state]))
  }

  async function store(db: Statements, states: ReadonlyMap<string, CounterState>) {
    if (states.size === 0) return
    const rows = [...states].map(([key, { count, at, expiresAt }]) => ({
      ...{ key, count, at },
      expires_at: expiresAt,
    }))
    await db
      .insertInto('counters')
      .values(rows)
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet((e) => ({
          seq: e.ref('excluded.seq'),
          count: e.ref('excluded.count'),
          at: e.ref('excluded.at'),
          expires_at: e.ref('excluded.expires_at'),
        })),
      )
      .execute()
  }

  return {
    async reserve(wanted, now) {
      if (wanted.length === 0) return decideReservation(wanted, now, () => null).reservation
      return database.transaction(async (db) => {
        const states = await statesOf(
          db,
          wanted.map(({ key }) => key),
        )
        const find = (key: string) => states.get(key) ?? null
        const { reservation, writes } = decideReservation(wanted, now, find)
        await store(db, writes)
        return reservation
      })
    },

    async refund(keys, now) {
      if (keys.length === 0) return
      await database.transaction(async (db) => {
        const states = await statesOf(db, keys)
        for (const key of keys) {
          const left = refunded(states.get(key) ?? null, now)
          if (left === null) states.delete(key)
          else states.set(key, left)
        }
        for (const key of new Set(keys)) {
          const left = states.get(key)
          const query =
            left === undefined
              ? db.deleteFrom('counters').where('key', '=', key)
              : db.updateTable('counters').set({ count: left.count }).where('key', '=', key)
          await query.execute()
        }
      })
    },

    async remove(keys) {
      await database.write((db) =>
        db
          .deleteFrom('counters')
          .where('key', '=', sql<string>`ANY(${[...keys]}::text[])`)
          .execute(),
      )
    },

    async prune({ now, limit }) {
      const expired = await walk(limit, async (from, most) => {
        const window = await database.write((db) =>
          db
            .with('seen', (q) =>
              q
                .selectFrom('counters')
                .select(['key', 'expires_at'])
                .where('key', '>', from)
                .orderBy('key')
                .limit(2000),
            )
            .with('gone', (q) =>
              q
                .deleteFrom('counters')
                .where('key', 'in', (e) =>
                  e
                    .selectFrom('seen')
                    .select('key')
                    .where('expires_at', '<=', now)
                    .orderBy('key')
                    .limit(most),
                )
                .where('expires_at', '<=', now)
                .returning('key'),
            )
            .selectNoFrom((e) => [
              e
                .selectFrom('gone')
                .select((x) => x.fn.countAll<number>().as('n'))
                .as('removed'),
              e
                .selectFrom('gone')
                .select((x) => x.fn.max('key').as('k'))
                .as('lastRemoved'),
              e
                .selectFrom('seen')
                .select((x) => x.fn.countAll<number>().as('n'))
                .as('seen'),
              e
                .selectFrom('seen')
                .select((x) => x.fn.max('key').as('k'))
                .as('last'),
            ])
            .executeTakeFirstOrThrow(),
        )
        const removed = window.removed ?? 0
        if (removed >= most) return { removed, next: window.lastRemoved }
        return { removed, next: (window.seen ?? 0) < 2000 ? null : window.last }
      })
      if (expired >= limit) return expired
      const excess = await database.read(async (db) => {
        const { rows } = await sql<{ count: number }>`
          SELECT count(*) AS count FROM ${sql.table(`${database.schema}.counters`)}`.execute(db)
        return (rows[0]?.count ?? 0) - maxKeys
      })
      if (excess <= 0) return expired
      const removed = await database.write((db) =>
        db
          .deleteFrom('counters')
          .where('key', 'in', (e) =>
            e
              .selectFrom('counters')
              .select('key')
              .orderBy('seq')
              .limit(Math.min(excess, limit - expired)),
          )
          .executeTakeFirst(),
      )
      return expired + Number(removed.numDeletedRows)
    },
  }
}
