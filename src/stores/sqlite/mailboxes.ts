import type { Mailboxes } from '../../core/ports/index.ts'
import { bytesOfEvent, lostWith } from '../kit/mailbox-rules.ts'
import type { Writer } from './writer.ts'

/** Creates mailboxes in a file. */
export function createMailboxes(writer: Writer): Mailboxes {
  return {
    append: (mailbox, event, { now, limits }) =>
      writer.write('appendEvent', mailbox, JSON.stringify(event), bytesOfEvent(event), now, limits),

    async take(mailbox, { now }) {
      const rows = await writer.write('takeEvents', mailbox)
      const events = rows.flatMap(([sequence, event, , expiresAt]) =>
        event === '' || expiresAt <= now ? [] : [{ sequence, event: JSON.parse(event) }],
      )
      const kept = rows.map(([, event, dropped]) => ({ isMarker: event === '', dropped }))
      return { events, dropped: lostWith(kept) - events.length }
    },

    async remove(mailboxes) {
      if (mailboxes.length > 0) await writer.write('removeMailboxes', mailboxes)
    },

    prune: ({ now, limit }) => writer.write('pruneEvents', now, limit),
  }
}
