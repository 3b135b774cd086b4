import type { DatabaseSync } from 'node:sqlite'
import type { MailboxLimits } from '../../../core/ports/index.ts'
import { firstKept } from '../../kit/mailbox-rules.ts'
import { prepare } from '../statement.ts'

/** Returns the writes of mailboxes. */
export function mailboxWrites(db: DatabaseSync) {
  const insert = prepare<[number]>(
    db,
    'INSERT INTO mailbox_events (mailbox, event, bytes, expires_at) VALUES (?, ?, ?, ?) RETURNING seq',
  )
  const findAll = prepare<[seq: number, bytes: number, expiresAt: number, dropped: number]>(
    db,
    'SELECT seq, bytes, expires_at, dropped FROM mailbox_events WHERE mailbox = ? ORDER BY seq',
  )
  const removeOne = prepare(db, 'DELETE FROM mailbox_events WHERE seq = ?')
  // How many events went before an event is kept with it.
  const addDropped = prepare(db, 'UPDATE mailbox_events SET dropped = dropped + ? WHERE seq = ?')
  const findWaiting = prepare<[seq: number, event: string, dropped: number]>(
    db,
    'SELECT seq, event, dropped FROM mailbox_events WHERE mailbox = ? AND expires_at > ? ORDER BY seq',
  )
  const removeMailbox = prepare(db, 'DELETE FROM mailbox_events WHERE mailbox = ?')
  const removeExpired = prepare(
    db,
    `DELETE FROM mailbox_events WHERE seq IN
     (SELECT seq FROM mailbox_events WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
  )

  return {
    appendEvent(
      mailbox: string,
      event: string,
      bytes: number,
      now: number,
      limits: MailboxLimits,
    ): number {
      const seq = insert.get(mailbox, event, bytes, now + limits.maxAgeMs)?.[0] ?? 0
      const waiting = findAll.all(mailbox)
      const rules = waiting.map(([, size, expiresAt]) => ({ bytes: size, expiresAt }))
      const gone = waiting.slice(0, firstKept(rules, limits, now))
      for (const [old] of gone) removeOne.run(old)
      const oldest = waiting[gone.length]?.[0]
      if (gone.length > 0 && oldest !== undefined) {
        addDropped.run(
          gone.reduce((sum, [, , , before]) => sum + before, gone.length),
          oldest,
        )
      }
      return seq
    },

    takeEvents(mailbox: string, now: number): [seq: number, event: string, dropped: number][] {
      const waiting = findWaiting.all(mailbox, now)
      removeMailbox.run(mailbox)
      return waiting
    },

    removeMailboxes(mailboxes: readonly string[]): void {
      for (const mailbox of mailboxes) removeMailbox.run(mailbox)
    },

    pruneEvents: (now: number, limit: number): number => removeExpired.run(now, limit),
  }
}
