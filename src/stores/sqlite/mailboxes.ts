import type { Mailboxes } from '../../core/ports/index.ts'
import { bytesOfEvent } from '../kit/mailbox-rules.ts'
import type { Writer } from './writer.ts'

/** Creates mailboxes in a file. */
export function createMailboxes(writer: Writer): Mailboxes {
  return {
    append: (mailbox, event, { now, limits }) =>
      writer.write('appendEvent', mailbox, JSON.stringify(event), bytesOfEvent(event), now, limits),

    async take(mailbox, { now }) {
      const rows = await writer.write('takeEvents', mailbox, now)
      const events = rows.map(([sequence, event]) => ({ sequence, event: JSON.parse(event) }))
      return { events, dropped: rows.reduce((sum, [, , dropped]) => sum + dropped, 0) }
    },

    async remove(mailboxes) {
      if (mailboxes.length > 0) await writer.write('removeMailboxes', mailboxes)
    },

    prune: ({ now, limit }) => writer.write('pruneEvents', now, limit),
  }
}
