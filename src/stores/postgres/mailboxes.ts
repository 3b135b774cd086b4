import { sql } from 'kysely'
import type { Mailboxes } from '../../core/ports/index.ts'
import { bytesOfEvent, firstKept, lostWith } from '../kit/mailbox-rules.ts'
import type { Database, Statements } from './database.ts'
import { lock } from './locks.ts'

/** Creates mailboxes in a database. A lock per mailbox keeps the order of its events. */
export function createMailboxes(database: Database): Mailboxes {
  const waitingIn = (db: Statements, mailbox: string) =>
    db.selectFrom('mailbox_events').selectAll().where('mailbox', '=', mailbox).orderBy('seq')

  async function addDropped(db: Statements, mailbox: string, dropped: number) {
    await db
      .updateTable('mailbox_events')
      .set({ dropped: sql`dropped + ${dropped}` })
      .where('seq', '=', (e) =>
        e
          .selectFrom('mailbox_events')
          .select((x) => x.fn.min('seq').as('seq'))
          .where('mailbox', '=', mailbox),
      )
      .execute()
  }

  return {
    append: (mailbox, event, { now, limits }) =>
      database.transaction(async (db) => {
        await lock(db, 'mailbox', [mailbox])
        const { seq } = await db
          .insertInto('mailbox_events')
          .values({
            mailbox,
            event: JSON.stringify(event),
            bytes: bytesOfEvent(event),
            expires_at: now + limits.maxAgeMs,
          })
          .returning('seq')
          .executeTakeFirstOrThrow()
        const waiting = await waitingIn(db, mailbox).execute()
        const rules = waiting.map(({ bytes, expires_at: expiresAt }) => ({ bytes, expiresAt }))
        const gone = waiting.slice(0, firstKept(rules, limits, now))
        if (gone.length === 0) return seq
        const old = gone.map((row) => row.seq).filter((other) => other !== seq)
        if (old.length > 0) await db.deleteFrom('mailbox_events').where('seq', 'in', old).execute()
        if (gone.length === waiting.length) {
          const marker = { event: '', bytes: 0 }
          await db.updateTable('mailbox_events').set(marker).where('seq', '=', seq).execute()
        }
        await addDropped(db, mailbox, lostWith(gone.map(keptOf)))
        return seq
      }),

    async take(mailbox, { now }) {
      const rows = await database.transaction(async (db) => {
        await lock(db, 'mailbox', [mailbox])
        const taken = await db
          .deleteFrom('mailbox_events')
          .where('mailbox', '=', mailbox)
          .returningAll()
          .execute()
        return taken.toSorted((a, b) => a.seq - b.seq)
      })
      const events = rows.flatMap(({ seq, event, expires_at: expiresAt }) =>
        event === '' || expiresAt <= now ? [] : [{ sequence: seq, event: JSON.parse(event) }],
      )
      return { events, dropped: lostWith(rows.map(keptOf)) - events.length }
    },

    async remove(mailboxes) {
      if (mailboxes.length === 0) return
      await database.write((db) =>
        db
          .deleteFrom('mailbox_events')
          .where('mailbox', '=', sql<string>`ANY(${[...mailboxes]}::text[])`)
          .execute(),
      )
    },

    async prune({ now, limit }) {
      return database.transaction(async (db) => {
        const found = await db
          .selectFrom('mailbox_events')
          .select('mailbox')
          .where('expires_at', '<=', now)
          .orderBy('expires_at')
          .limit(limit)
          .execute()
        if (found.length === 0) return 0
        const mailboxes = found.map(({ mailbox }) => mailbox)
        await lock(db, 'mailbox', mailboxes)
        const expired = await db
          .selectFrom('mailbox_events')
          .selectAll()
          .where('expires_at', '<=', now)
          .where('mailbox', 'in', [...new Set(mailboxes)])
          .orderBy('expires_at')
          .limit(limit)
          .execute()
        for (const row of expired) {
          await db.deleteFrom('mailbox_events').where('seq', '=', row.seq).execute()
          await addDropped(db, row.mailbox, lostWith([keptOf(row)]))
        }
        return expired.length
      })
    },
  }
}

function keptOf({ event, dropped }: { readonly event: string; readonly dropped: number }) {
  return { isMarker: event === '', dropped }
}
