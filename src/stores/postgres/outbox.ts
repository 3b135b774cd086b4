import { setImmediate } from 'node:timers'
import { sql } from 'kysely'
import { LatchkeyError } from '../../core/errors.ts'
import type { Database } from './database.ts'

/** A larger payload is stored in a row: PostgreSQL allows less than 8,000 bytes. */
const MAX_PAYLOAD_BYTES = 7000

/** The maximum number of payloads in one transaction. */
const MAX_BATCH = 500

/** The maximum number of payloads that wait. */
const MAX_WAITING = 20_000

/** The prefix of a payload that is the number of a row. */
export const ROW_PREFIX = 'row:'

interface Waiting {
  readonly channel: string
  readonly payload: string
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Sends payloads in their order. */
export interface Outbox {
  /** Resolves when the payload is committed. */
  send(channel: string, payload: string): Promise<void>
}

/**
 * Sends payloads as notifications, in transactions that do nothing else: a transaction that notifies holds a lock of the whole
 * server while it commits. What is sent while one is under way goes into the next.
 */
export function createOutbox(database: Database): Outbox {
  const waiting: Waiting[] = []
  let busy = false

  async function storeLarge(batch: readonly Waiting[]): Promise<string[]> {
    const large = batch.filter(({ payload }) => Buffer.byteLength(payload) > MAX_PAYLOAD_BYTES)
    if (large.length === 0) return batch.map(({ payload }) => payload)
    const rows = await database.write((db) =>
      db
        .insertInto('bus_payloads')
        .values(large.map(({ payload }) => ({ payload })))
        .returning('id')
        .execute(),
    )
    return batch.map((item) => {
      const index = large.indexOf(item)
      return index === -1 ? item.payload : `${ROW_PREFIX}${rows[index]?.id}`
    })
  }

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, MAX_BATCH)
      try {
        const payloads = await storeLarge(batch)
        const channels = batch.map(({ channel }) => channel)
        await database.write((db) =>
          sql`SELECT pg_notify(channel, payload)
            FROM unnest(${channels}::text[], ${payloads}::text[]) AS t (channel, payload)`.execute(
            db,
          ),
        )
        for (const { resolve } of batch) resolve()
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    busy = false
  }

  return {
    send(channel, payload) {
      if (waiting.length >= MAX_WAITING) {
        return Promise.reject(
          new LatchkeyError('unavailable', 'Too many messages wait for the other nodes.'),
        )
      }
      return new Promise((resolve, reject) => {
        waiting.push({ channel, payload, resolve, reject })
        if (busy) return
        busy = true
        // What is sent in the rest of this turn goes into the same transaction.
        setImmediate(flush)
      })
    },
  }
}
