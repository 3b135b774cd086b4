import type { Mailboxes } from '../../core/ports/index.ts'
import { bytesOfEvent, firstKept } from '../kit/mailbox-rules.ts'
import type { Gate, Tables } from './engine.ts'

/** Creates mailboxes in memory. */
export function createMailboxes(tables: Tables, gate: Gate): Mailboxes {
  const { mailboxes } = tables
  return {
    async append(mailbox, event, { now, limits }) {
      gate.check()
      const sequence = tables.nextSeq++
      const { waiting, dropped } = mailboxes.get(mailbox) ?? { waiting: [], dropped: 0 }
      waiting.push({
        sequence,
        event: structuredClone(event),
        bytes: bytesOfEvent(event),
        expiresAt: now + limits.maxAgeMs,
      })
      const gone = waiting.splice(0, firstKept(waiting, limits, now)).length
      // The last written mailbox is the last in the map, so the first ones are the ones to prune.
      mailboxes.delete(mailbox)
      mailboxes.set(mailbox, { waiting, dropped: dropped + gone })
      return sequence
    },

    async take(mailbox, { now }) {
      gate.check()
      const { waiting, dropped } = mailboxes.get(mailbox) ?? { waiting: [], dropped: 0 }
      mailboxes.delete(mailbox)
      const events = waiting
        .filter(({ expiresAt }) => expiresAt > now)
        .map(({ sequence, event }) => ({ sequence, event }))
      return { events, dropped }
    },

    async remove(names) {
      gate.check()
      for (const name of names) mailboxes.delete(name)
    },

    async prune({ now, limit }) {
      gate.check()
      let removed = 0
      for (const [name, { waiting }] of mailboxes) {
        if (removed >= limit) break
        const last = waiting.at(-1)
        if (last !== undefined && last.expiresAt > now) continue
        removed += waiting.length
        mailboxes.delete(name)
      }
      return removed
    },
  }
}
