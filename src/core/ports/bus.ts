import type { EndedSession } from '../session/record.ts'

export type BusMessage =
  /** A session's record changed (renewal, step-up): forget what is cached. */
  | { readonly kind: 'session-changed'; readonly id: string }
  | { readonly kind: 'sessions-ended'; readonly ended: readonly EndedSession[] }
  | { readonly kind: 'actor-changed'; readonly id: string }
  | { readonly kind: 'all-locked'; readonly epoch: number }
  | { readonly kind: 'settings-changed' }
  /** From the bus itself, after a lapse: messages may have been missed, so nothing cached may be trusted. */
  | { readonly kind: 'missed' }

export interface Bus {
  /** Resolves when every live node has confirmed, or its lease has run out, and so within a lease at the latest. */
  publish(message: BusMessage): Promise<void>
  /** Hears what other nodes publish, not what this one does. Returns how to stop. */
  subscribe(listener: (message: BusMessage) => void): () => void
  /** Until when this node may trust what it has cached; past that, every check asks the store. */
  trustedUntil(): number
}
