import type { ActorEvent } from '../event.ts'

/** The limits of a mailbox. The oldest events are removed first. */
export interface MailboxLimits {
  /** The largest number of waiting events. */
  readonly maxEvents: number
  /** The largest total size of the waiting events, as JSON in UTF-8. */
  readonly maxBytes: number
  /** How long an event waits before it is dropped. */
  readonly maxAgeMs: number
}

/** Events waiting for an actor without a connection. Shared by all nodes and bounded. */
export interface Mailboxes {
  /** Appends an event and returns its sequence number, which rises. */
  append(
    mailbox: string,
    event: ActorEvent,
    options: { readonly now: number; readonly limits: MailboxLimits },
  ): Promise<number>
  /**
   * Removes and returns what waits, oldest first, and how many events the limits dropped before, the
   * expired ones included. Of concurrent callers one gets each event.
   */
  take(
    mailbox: string,
    options: { readonly now: number },
  ): Promise<{
    readonly events: readonly { readonly sequence: number; readonly event: ActorEvent }[]
    readonly dropped: number
  }>
  /** Removes a mailbox. */
  remove(mailboxes: readonly string[]): Promise<void>
  /**
   * Removes at most `limit` expired events and returns how many. How many were dropped is forgotten
   * with the last event of a mailbox.
   */
  prune(query: { readonly now: number; readonly limit: number }): Promise<number>
}
