import { randomUUID } from 'node:crypto'
import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers'
import { LatchkeyError } from '../../core/errors.ts'
import type { Bus, BusListener, BusMessage, Clock } from '../../core/ports/index.ts'
import type { Channel, Member, Signal } from './channel.ts'

/**
 * The maximum disagreement of wall and monotonic time since the last heartbeat for which a node
 * trusts its cache.
 */
const MAX_CLOCK_DISAGREEMENT_MS = 250

const KINDS: ReadonlySet<string> = new Set<BusMessage['kind']>([
  'session-changed',
  'session-rotated',
  'sessions-ended',
  'owner-epoch-raised',
  'actor-changed',
  'global-epoch-raised',
  'settings-changed',
  'signing-keys-changed',
  'data-changed',
  'event',
  'events-stored',
])

export interface LeaseBusOptions {
  readonly channel: Channel
  readonly clock: Clock
  /**
   * How long this node may trust its cache after sending a heartbeat that returned; 1,000 by
   * default.
   */
  readonly leaseMs?: number
  /** Called with errors that no caller receives. */
  readonly onError?: (error: unknown) => void
}

export interface LeaseBus extends Bus {
  /**
   * Joins the other nodes. Resolves when this node receives their messages and they wait for its
   * confirmations.
   */
  start(): Promise<void>
  /** Announces the end to the other nodes and leaves. Idempotent. */
  close(): Promise<void>
}

interface Peer {
  /** The number of its last message that was applied here. */
  number: number
  /** When its last signal was received, in monotonic time. */
  receivedAt: number
}

interface Waiting {
  readonly number: number
  readonly members: Map<string, NodeJS.Timeout>
  readonly handled: string[]
  readonly resolve: (handled: readonly string[]) => void
}

/** A heartbeat that has been sent. */
interface Beat {
  readonly beat: number
  readonly monotonic: number
  readonly wall: number
}

/**
 * Returns the bus that every engine uses: numbered messages, heartbeats that must return, leases on
 * monotonic time, cumulative confirmations. A possible loss is published as `missed`.
 */
export function createLeaseBus(options: LeaseBusOptions): LeaseBus {
  return new LeaseBusNode(options)
}

class LeaseBusNode implements LeaseBus {
  readonly #id = randomUUID()
  readonly #channel: Channel
  readonly #clock: Clock
  readonly #leaseMs: number
  readonly #onError: (error: unknown) => void
  readonly #listeners = new Set<BusListener>()
  readonly #peers = new Map<string, Peer>()
  readonly #waiting = new Set<Waiting>()
  #number = 0
  #beats = 0
  /** Heartbeats that have not returned yet, oldest first. */
  #sent: Beat[] = []
  /** The newest heartbeat that returned. */
  #returned: Beat | null = null
  /** Whether all cached entries were dropped since the lease last ran out. */
  #cleared = true
  /**
   * A message could not be sent. No heartbeat is sent, so that other nodes do not trust outdated
   * entries.
   */
  #failed = false
  #closed = false
  #unsubscribe = () => {}
  #timer: NodeJS.Timeout | null = null

  constructor({ channel, clock, leaseMs = 1000, onError = () => {} }: LeaseBusOptions) {
    this.#channel = channel
    this.#clock = clock
    this.#leaseMs = leaseMs
    this.#onError = onError
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#channel.subscribe((signal) => this.#receive(signal))
    await this.#channel.register({ id: this.#id, leaseMs: this.#leaseMs })
    this.#beat()
    this.#timer = setInterval(() => this.#tick(), Math.max(10, this.#leaseMs / 4))
    this.#timer.unref()
  }

  subscribe(listener: BusListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  isTrusted(): boolean {
    if (this.#hasLease()) return true
    // An engine in the same process returns the heartbeat synchronously.
    this.#lapse()
    this.#beat()
    return this.#hasLease()
  }

  async publish(
    message: BusMessage,
    { confirmed }: { readonly confirmed: boolean },
  ): Promise<readonly string[]> {
    if (this.#closed) throw unsent()
    try {
      const members = confirmed ? await this.#channel.members() : []
      // In the same turn as the sending, so that no heartbeat contains the number of a message that
      // is not sent yet.
      const number = ++this.#number
      const confirmation = confirmed ? this.#confirmation(number, members) : null
      await this.#channel.send({ kind: 'message', from: this.#id, number, message })
      this.#failed = false
      return (await confirmation) ?? []
    } catch (cause) {
      this.#failed = true
      throw unsent(cause)
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#unsubscribe()
    for (const waiting of this.#waiting) this.#settle(waiting)
    // Without a goodbye the other nodes only treat this one as dead and drop their caches.
    if (!this.#failed) {
      const goodbye: Signal = { kind: 'goodbye', from: this.#id, number: this.#number }
      await this.#channel.send(goodbye).catch(this.#onError)
    }
    await this.#channel.unregister(this.#id).catch(this.#onError)
    this.#listeners.clear()
  }

  #hasLease(): boolean {
    const beat = this.#returned
    if (beat === null || this.#closed) return false
    const elapsed = this.#clock.monotonic() - beat.monotonic
    if (elapsed >= this.#leaseMs) return false
    const disagreement = Math.abs(this.#clock.now() - beat.wall - elapsed)
    if (disagreement > MAX_CLOCK_DISAGREEMENT_MS) return false
    return this.#cleared
  }

  #tick(): void {
    if (!this.#hasLease()) this.#lapse()
    this.#beat()
    const now = this.#clock.monotonic()
    for (const [id, peer] of this.#peers) {
      if (now - peer.receivedAt < this.#leaseMs) continue
      // The node may have written without publishing.
      this.#peers.delete(id)
      this.#notify({ kind: 'missed' })
    }
  }

  /** Drops trust in all cached entries until another heartbeat has returned. */
  #lapse(): void {
    if (this.#returned === null) return
    this.#returned = null
    this.#sent = []
    this.#cleared = false
  }

  #beat(): void {
    if (this.#failed || this.#closed) return
    const beat = ++this.#beats
    const at = { beat, monotonic: this.#clock.monotonic(), wall: this.#clock.now() }
    this.#sent.push(at)
    if (this.#sent.length > 16) this.#sent.shift()
    this.#channel
      .send({ kind: 'heartbeat', from: this.#id, number: this.#number, beat })
      .catch(this.#onError)
  }

  #receive(signal: Signal): void {
    if (this.#closed) return
    if (signal.from === this.#id) {
      if (signal.kind === 'heartbeat') this.#returnedBeat(signal.beat)
    } else if (signal.kind === 'confirmation') {
      if (signal.to === this.#id) this.#confirmed(signal)
    } else if (signal.kind === 'message') this.#apply(signal)
    else this.#received(signal)
  }

  #returnedBeat(beat: number): void {
    const at = this.#sent.findIndex((sent) => sent.beat === beat)
    const found = this.#sent[at]
    if (found === undefined) return
    this.#sent.splice(0, at + 1)
    if (!this.#cleared) {
      // Before the lease is valid again, so that no outdated entry is trusted in between.
      this.#cleared = true
      this.#notify({ kind: 'missed' })
    }
    this.#returned = found
  }

  #peer(id: string): Peer {
    let peer = this.#peers.get(id)
    if (peer === undefined) {
      peer = { number: 0, receivedAt: 0 }
      this.#peers.set(id, peer)
    }
    peer.receivedAt = this.#clock.monotonic()
    return peer
  }

  #received({ kind, from, number }: Extract<Signal, { kind: 'heartbeat' | 'goodbye' }>): void {
    const peer = this.#peer(from)
    if (number > peer.number) {
      peer.number = number
      this.#notify({ kind: 'missed' })
    }
    if (kind === 'goodbye') this.#peers.delete(from)
    else this.#confirm(from, peer.number, [])
  }

  #apply({ from, number, message }: Extract<Signal, { kind: 'message' }>): void {
    const peer = this.#peer(from)
    let handled: readonly string[] = []
    if (number > peer.number) {
      const inOrder = number === peer.number + 1 && KINDS.has(message.kind)
      peer.number = number
      handled = this.#notify(inOrder ? message : { kind: 'missed' })
    }
    this.#confirm(from, number, handled)
  }

  #confirm(to: string, number: number, handled: readonly string[]): void {
    if (number === 0) return
    this.#channel
      .send({ kind: 'confirmation', from: this.#id, to, number, handled })
      .catch(this.#onError)
  }

  /** Resolves once every member has confirmed a message, or its lease has run out. */
  #confirmation(number: number, members: readonly Member[]): Promise<readonly string[]> | null {
    const others = members.filter(({ id }) => id !== this.#id)
    if (others.length === 0) return null
    const { promise, resolve } = Promise.withResolvers<readonly string[]>()
    const waiting: Waiting = { number, members: new Map(), handled: [], resolve }
    this.#waiting.add(waiting)
    for (const { id, leaseMs } of others) {
      const timer = setTimeout(() => this.#release(waiting, id), leaseMs)
      waiting.members.set(id, timer)
    }
    return promise
  }

  #confirmed({ from, number, handled }: Extract<Signal, { kind: 'confirmation' }>): void {
    for (const waiting of this.#waiting) {
      if (waiting.number === number) waiting.handled.push(...handled)
      if (waiting.number <= number) this.#release(waiting, from)
    }
  }

  #release(waiting: Waiting, id: string): void {
    clearTimeout(waiting.members.get(id))
    waiting.members.delete(id)
    if (waiting.members.size === 0) this.#settle(waiting)
  }

  #settle(waiting: Waiting): void {
    for (const timer of waiting.members.values()) clearTimeout(timer)
    this.#waiting.delete(waiting)
    waiting.resolve(waiting.handled)
  }

  #notify(message: BusMessage): readonly string[] {
    const handled: string[] = []
    for (const listener of this.#listeners) {
      try {
        const returned = listener(message)
        if (Array.isArray(returned)) handled.push(...returned)
      } catch (error) {
        this.#onError(error)
      }
    }
    return handled
  }
}

function unsent(cause?: unknown): LatchkeyError {
  return new LatchkeyError(
    'unavailable',
    'The change is written, but could not be published to the other nodes. Try again.',
    { cause },
  )
}
