import type { ActorEvent } from '../event.ts'

/** How much a mailbox holds. The oldest events go first. */
export interface MailboxLimits {
  readonly maxEvents: number
  readonly maxBytes: number
  readonly maxAgeMs: number
}

/** Events that wait for an actor without a connection. Shared by all nodes and bounded. */
export interface Mailboxes {
  /** Appends an event and returns its sequence, which rises. */
  append(
    mailbox: string,
    event: ActorEvent,
    options: { readonly now: number; readonly limits: MailboxLimits },
  ): Promise<number>
  /** Removes and returns what waits, oldest first, and how many events the limits dropped before. Of concurrent callers one gets each event. */
  take(
    mailbox: string,
    options: { readonly now: number },
  ): Promise<{
    readonly events: readonly { readonly sequence: number; readonly event: ActorEvent }[]
    readonly dropped: number
  }>
  /** Removes a mailbox. */
  remove(mailboxes: readonly string[]): Promise<void>
  prune(query: { readonly now: number; readonly limit: number }): Promise<number>
}
