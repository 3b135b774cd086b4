import type { BusMessage } from '../../core/ports/index.ts'

/** What the nodes of a lease bus send each other. */
export type Signal =
  /** The `number`th message of a node. */
  | {
      readonly kind: 'message'
      readonly from: string
      readonly number: number
      readonly message: BusMessage
    }
  /** All messages of `to` up to `number` are applied at `from`. */
  | {
      readonly kind: 'confirmation'
      readonly from: string
      readonly to: string
      readonly number: number
      /** What the listeners at `from` returned for the message of that number. */
      readonly handled: readonly string[]
    }
  /** A node is alive and has sent messages up to `number`. `beat` numbers its heartbeats. */
  | {
      readonly kind: 'heartbeat'
      readonly from: string
      readonly number: number
      readonly beat: number
    }
  /** A node leaves, having sent messages up to `number`. */
  | { readonly kind: 'goodbye'; readonly from: string; readonly number: number }

/** A node that other nodes must wait for. */
export interface Member {
  /** Random for each start of a node, so that two nodes of one name differ. */
  readonly id: string
  /** How long it may trust its cache without the bus. */
  readonly leaseMs: number
}

/**
 * Carries signals between the nodes of one engine, the sender included: a node's own heartbeat must come back to it the way that other
 * nodes' messages come. A channel may lose, repeat, delay and reorder signals; the lease bus finds that out.
 */
export interface Channel {
  /** Hands a signal to the engine. Rejects when it could not be handed over. */
  send(signal: Signal): Promise<void>
  subscribe(listener: (signal: Signal) => void): () => void
  /** Registers a node. Durable before it resolves. */
  register(member: Member): Promise<void>
  unregister(id: string): Promise<void>
  /** Every registered node, read after all writes that were acknowledged before the call. */
  members(): Promise<readonly Member[]>
}
