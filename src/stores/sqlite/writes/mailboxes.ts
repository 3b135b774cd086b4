import type { DatabaseSync } from 'node:sqlite'
import type { MailboxLimits } from '../../../core/ports/index.ts'
import { firstKept, lostWith } from '../../kit/mailbox-rules.ts'
import { prepare } from '../statement.ts'

/** Returns the writes of mailboxes. */
export function mailboxWrites(db: DatabaseSync) {
  const insert = prepare<[number]>(
    db,
    'INSERT INTO mailbox_events (mailbox, event, bytes, expires_at) VALUES (?, ?, ?, ?) RETURNING seq',
  )
  // An event without text is a marker for dropped ones.
  const findAll = prepare<
    [seq: number, bytes: number, expiresAt: number, dropped: number, isMarker: 0 | 1]
  >(
    db,
    `SELECT seq, bytes, expires_at, dropped, event = '' FROM mailbox_events
     WHERE mailbox = ? ORDER BY seq`,
  )
  const removeOne = prepare(db, 'DELETE FROM mailbox_events WHERE seq = ?')
  const makeMarker = prepare(db, "UPDATE mailbox_events SET event = '', bytes = 0 WHERE seq = ?")
  // How many events were dropped is kept with the oldest one of the mailbox.
  const addDropped = prepare(
    db,
    `UPDATE mailbox_events SET dropped = dropped + ?
     WHERE seq = (SELECT min(seq) FROM mailbox_events WHERE mailbox = ?)`,
  )
  const findWaiting = prepare<[seq: number, event: string, dropped: number, expiresAt: number]>(
    db,
    'SELECT seq, event, dropped, expires_at FROM mailbox_events WHERE mailbox = ? ORDER BY seq',
  )
  const removeMailbox = prepare(db, 'DELETE FROM mailbox_events WHERE mailbox = ?')
  const findExpired = prepare<[seq: number, mailbox: string, dropped: number, isMarker: 0 | 1]>(
    db,
    `SELECT seq, mailbox, dropped, event = '' FROM mailbox_events
     WHERE expires_at <= ? ORDER BY expires_at LIMIT ?`,
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
      if (gone.length === 0) return seq
      for (const [old] of gone) if (old !== seq) removeOne.run(old)
      if (gone.length === waiting.length) makeMarker.run(seq)
      const kept = gone.map(([, , , dropped, isMarker]) => ({ dropped, isMarker: isMarker === 1 }))
      addDropped.run(lostWith(kept), mailbox)
      return seq
    },

    takeEvents(
      mailbox: string,
    ): [seq: number, event: string, dropped: number, expiresAt: number][] {
      const waiting = findWaiting.all(mailbox)
      removeMailbox.run(mailbox)
      return waiting
    },

    removeMailboxes(mailboxes: readonly string[]): void {
      for (const mailbox of mailboxes) removeMailbox.run(mailbox)
    },

    pruneEvents(now: number, limit: number): number {
      const expired = findExpired.all(now, limit)
      for (const [seq, mailbox, dropped, isMarker] of expired) {
        removeOne.run(seq)
        addDropped.run(lostWith([{ dropped, isMarker: isMarker === 1 }]), mailbox)
      }
      return expired.length
    },
  }
}
