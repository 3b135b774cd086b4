import type { ActorEvent } from '../core/index.ts'

/** Bounds of a mailbox: 100 events and 64 KiB of JSON by default. */
export interface MailboxLimits {
  readonly maxEvents: number
  readonly maxBytes: number
}

/** The event that stands in for those that were dropped, first in what is taken out. */
export const OVERFLOW_EVENT = 'mailbox.overflow'

/**
 * Events of one session that wait for a connection, in order. When it is full the oldest go, and whoever opens it is told
 * first how many were lost: `mailbox.overflow` with `{ dropped }`.
 */
export class Mailbox {
  readonly #limits: MailboxLimits
  readonly #events: { event: ActorEvent; bytes: number }[] = []
  #bytes = 0
  #dropped = 0

  constructor(limits: MailboxLimits) {
    this.#limits = limits
  }

  put(event: ActorEvent): void {
    const bytes = Buffer.byteLength(JSON.stringify(event))
    this.#events.push({ event, bytes })
    this.#bytes += bytes
    while (this.#events.length > this.#limits.maxEvents || this.#bytes > this.#limits.maxBytes) {
      this.#bytes -= this.#events.shift()?.bytes ?? 0
      this.#dropped++
    }
  }

  /** Takes everything out. */
  take(): ActorEvent[] {
    const taken = this.#events.splice(0).map(({ event }) => event)
    const dropped = this.#dropped
    this.#bytes = 0
    this.#dropped = 0
    return dropped === 0 ? taken : [{ name: OVERFLOW_EVENT, data: { dropped } }, ...taken]
  }
}
