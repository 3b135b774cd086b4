import type { ActorEvent } from '../../core/event.ts'
import type { MailboxLimits } from '../../core/ports/index.ts'

/** Returns the size of an event in a mailbox: the bytes of its JSON. */
export function bytesOfEvent(event: ActorEvent): number {
  return Buffer.byteLength(JSON.stringify(event))
}

/**
 * Returns how many of the oldest events to remove to keep the limits: all if the newest alone is
 * too large.
 */
export function firstKept(
  waiting: readonly { readonly bytes: number; readonly expiresAt: number }[],
  { maxEvents, maxBytes }: MailboxLimits,
  now: number,
): number {
  let bytes = 0
  let kept = waiting.length
  while (kept > 0) {
    const event = waiting[kept - 1]
    if (event === undefined || event.expiresAt <= now) break
    bytes += event.bytes
    if (bytes > maxBytes || waiting.length - kept >= maxEvents) break
    kept--
  }
  return kept
}

/** What a mailbox keeps of an event: a marker has none, and stands for the dropped ones alone. */
export interface Kept {
  /** Whether there is no event. */
  readonly isMarker: boolean
  /** How many events were dropped before it. */
  readonly dropped: number
}

/** Returns how many events are lost with these. */
export function lostWith(gone: readonly Kept[]): number {
  return gone.reduce((sum, { isMarker, dropped }) => sum + dropped + (isMarker ? 0 : 1), 0)
}
