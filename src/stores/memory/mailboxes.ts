import type { Mailboxes } from '../../core/ports/index.ts'
import { bytesOfEvent, firstKept, lostWith } from '../kit/mailbox-rules.ts'
import type { Gate, Tables, WaitingEvent } from './engine.ts'

/** Creates mailboxes in memory. */
export function createMailboxes(tables: Tables, gate: Gate): Mailboxes {
  const { mailboxes } = tables
  return {
    async append(mailbox, event, { now, limits }) {
      gate.check()
      const newest: WaitingEvent = {
        sequence: tables.nextSeq++,
        event: structuredClone(event),
        dropped: 0,
        bytes: bytesOfEvent(event),
        expiresAt: now + limits.maxAgeMs,
      }
      const waiting = [...(mailboxes.get(mailbox) ?? []), newest]
      const gone = waiting.splice(0, firstKept(waiting, limits, now))
      const kept = waiting.length > 0 ? waiting : [{ ...newest, event: null, bytes: 0 }]
      mailboxes.set(mailbox, withDropped(kept, gone))
      return newest.sequence
    },

    async take(mailbox, { now }) {
      gate.check()
      const waiting = mailboxes.get(mailbox) ?? []
      mailboxes.delete(mailbox)
      const events = waiting.flatMap(({ sequence, event, expiresAt }) =>
        event === null || expiresAt <= now ? [] : [{ sequence, event }],
      )
      return { events, dropped: lostWith(waiting.map(toKept)) - events.length }
    },

    async remove(names) {
      gate.check()
      for (const name of names) mailboxes.delete(name)
    },

    async prune({ now, limit }) {
      gate.check()
      let removed = 0
      for (const [name, waiting] of mailboxes) {
        if (removed >= limit) break
        const gone = waiting.filter(({ expiresAt }) => expiresAt <= now).slice(0, limit - removed)
        removed += gone.length
        const kept = waiting.filter((event) => !gone.includes(event))
        if (kept.length === 0) mailboxes.delete(name)
        else mailboxes.set(name, withDropped(kept, gone))
      }
      return removed
    },
  }
}

const toKept = ({ event, dropped }: WaitingEvent) => ({ isMarker: event === null, dropped })

/** Counts dropped events at the oldest one that is kept. */
function withDropped(
  [oldest, ...others]: readonly WaitingEvent[],
  gone: readonly WaitingEvent[],
): readonly WaitingEvent[] {
  if (oldest === undefined) return []
  return [{ ...oldest, dropped: oldest.dropped + lostWith(gone.map(toKept)) }, ...others]
}
