import type { BusMessage } from '../../core/ports/index.ts'

/** A signal between the nodes of a lease bus. */
export type Signal =
  /** The `number`th message of a node. */
  | {
      readonly kind: 'message'
      readonly from: string
      readonly number: number
      readonly message: BusMessage
    }
  /** Node `from` has applied all messages of `to` up to `number`. */
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
  /** A node leaves, after messages up to `number`. */
  | { readonly kind: 'goodbye'; readonly from: string; readonly number: number }
  /**
   * From the channel itself: signals may have been lost. The node trusts nothing until a heartbeat that it sends
   * from then on returns.
   */
  | { readonly kind: 'lost'; readonly from: string }

/** A node that other nodes must wait for. */
export interface Member {
  /** Random for each start of a node, so that two nodes with the same name differ. */
  readonly id: string
  /** How long the node may trust its cache without the bus. */
  readonly leaseMs: number
}

/**
 * Transports signals between the nodes of one engine, including to the sender: a node's own
 * heartbeat must return to it by the same path as the messages of other nodes. A channel may lose,
 * repeat, delay and reorder signals; the lease bus detects that. It must not deliver a node's own
 * heartbeats while it withholds all signals of another registered node for a lease or more: a node
 * that receives itself takes a silent node for dead, drops its cache once and then trusts it again.
 */
export interface Channel {
  /** Passes a signal to the engine. Rejects if that fails. */
  send(signal: Signal): Promise<void>
  /** Calls `listener` with every signal of other nodes. Returns a function that stops it. */
  subscribe(listener: (signal: Signal) => void): () => void
  /**
   * Registers a node durably. A heartbeat renews the registration, or restores it, before it is
   * delivered. An engine should remove a node that has sent no heartbeat for ten of its leases, by
   * the engine's time: it trusts nothing then, and every confirmed message would wait for it.
   */
  register(member: Member): Promise<void>
  /** Removes the registration of a node. Resolves also if there is none. */
  unregister(id: string): Promise<void>
  /**
   * Returns every registered node, read after all writes that were acknowledged before the call.
   */
  members(): Promise<readonly Member[]>
}
