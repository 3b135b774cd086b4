import type { ActorEvent } from '../event.ts'
import type { EndedSession } from '../session/record.ts'

/** A message between nodes: what changed. */
export type BusMessage =
  /** A session's record changed; its token is still valid. */
  | { readonly kind: 'session-changed'; readonly id: string }
  /**
   * A session's secrets changed, and the old ones are not valid (step-up, a renewal where the old
   * token is revoked at once).
   */
  | { readonly kind: 'session-rotated'; readonly id: string }
  | { readonly kind: 'sessions-ended'; readonly ended: readonly EndedSession[] }
  /** The owner's epoch rose: sessions with an older number are not live. */
  | { readonly kind: 'owner-epoch-raised'; readonly owner: string }
  /** Roles, status, name or identities of an actor changed. */
  | { readonly kind: 'actor-changed'; readonly id: string }
  /** The global epoch rose: every session with an older number is not live. */
  | { readonly kind: 'global-epoch-raised'; readonly epoch: number }
  | { readonly kind: 'settings-changed' }
  | { readonly kind: 'signing-keys-changed' }
  /** The data of a session was saved. */
  | { readonly kind: 'data-changed'; readonly id: string }
  /** An event for an actor, or for every connection if `actor` is null. */
  | { readonly kind: 'event'; readonly actor: string | null; readonly event: ActorEvent }
  /**
   * Published by the bus itself: messages may have been lost, so no cached entry may be trusted.
   */
  | { readonly kind: 'missed' }

/** Publishes changes to the other nodes. */
export interface Bus {
  /**
   * Sends a message to every other node. With `confirmed` it resolves when every live node has
   * applied it or its lease has run out, otherwise when the message is sent. Rejects with
   * `unavailable` if the message could not be sent: the node then stops its heartbeats until a
   * later message is sent, so that no other node trusts outdated entries.
   */
  publish(message: BusMessage, options: { readonly confirmed: boolean }): Promise<void>
  /** Calls `listener` with the messages of other nodes. Returns a function that removes it. */
  subscribe(listener: (message: BusMessage) => void): () => void
  /** Returns whether this node may trust its cache. */
  isTrusted(): boolean
}
