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
  /** Events wait in the mailboxes of sessions. */
  | { readonly kind: 'events-stored'; readonly sessions: readonly string[] }
  /** From the bus itself: messages may have been lost, so nothing that is cached may be trusted. */
  | { readonly kind: 'missed' }

/** Gets a message. For an event it may return a list: the ids of the sessions that got it, which the publisher gets. */
export type BusListener = (message: BusMessage) => unknown

/** How nodes tell each other what changed. */
export interface Bus {
  /**
   * Sends a message to every other node. With `confirmed` it resolves once every live node has applied it or its lease has run out,
   * without it once the message is sent. Resolves with what the listeners of the other nodes returned. Rejects with `unavailable` when the message could not be sent: the node then stops its
   * heartbeats until a later message is sent, so that no other node trusts what it may have missed.
   */
  publish(message: BusMessage, options: { readonly confirmed: boolean }): Promise<readonly string[]>
  /** Calls `listener` with what other nodes publish, not with what this one does. Returns a function that stops it. */
  subscribe(listener: BusListener): () => void
  /** Whether this node may trust what it has cached. */
  isTrusted(): boolean
  /**
   * Confirms reads that were made while the node did not trust its cache: resolves when the engine has accepted a
   * heartbeat that began after the call, and rejects with `unavailable` if it does not. So an engine that still
   * answers reads, but is no longer the one that all nodes write to, is not trusted. Absent where one process owns
   * the data.
   */
  confirmRead?(): Promise<void>
}
