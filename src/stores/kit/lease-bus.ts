import { randomUUID } from 'node:crypto'
import { LatchkeyError } from '../../core/errors.ts'
import type { Bus, BusListener, BusMessage, Clock } from '../../core/ports/index.ts'
import type { Channel, Signal } from './channel.ts'
import { Confirmations } from './confirmations.ts'
import { systemTimers, type Timers } from './timers.ts'

/**
 * The maximum disagreement of wall and monotonic time since the last heartbeat for which a node
 * trusts its cache.
 */
const MAX_CLOCK_DISAGREEMENT_MS = 250

/** The maximum number of heartbeats that have been sent and have not returned. */
const MAX_SENT = 16

/** Every kind that a node can publish: another one is of a later release, and taken as `missed`. */
const KINDS: Readonly<Record<Exclude<BusMessage['kind'], 'missed'>, true>> = {
  'session-changed': true,
  'session-rotated': true,
  'sessions-ended': true,
  'owner-epoch-raised': true,
  'actor-changed': true,
  'global-epoch-raised': true,
  'settings-changed': true,
  'signing-keys-changed': true,
  'data-changed': true,
  event: true,
  'events-stored': true,
}

/** Options of `createLeaseBus`. */
export interface LeaseBusOptions {
  /** Carries signals between the nodes. */
  readonly channel: Channel
  /** The time source of the store. */
  readonly clock: Clock
  /**
   * How long this node may trust its cache after sending a heartbeat that returned; 1,000 by
   * default.
   */
  readonly leaseMs?: number
  /** How often it sends a heartbeat; a quarter of the lease by default. */
  readonly beatEveryMs?: number
  /** The timers of Node.js by default. */
  readonly timers?: Timers
  /** Called with errors that no caller receives. */
  readonly onError?: (error: unknown) => void
}

/** A bus over a channel. It must be started before it is used. */
export interface LeaseBus extends Bus {
  /**
   * Joins the other nodes. Resolves when this node receives their messages and they wait for its
   * confirmations. Until then it trusts nothing. Rejects with `unavailable` if it cannot join, and with `conflict` if the
   * channel does: it must not run beside the others.
   */
  start(): Promise<void>
  /**
   * Announces the end to the other nodes and leaves. A publish that still waits for a confirmation
   * rejects with `unavailable`. Idempotent.
   */
  close(): Promise<void>
}

interface Peer {
  /** The number of its last message that was applied here. */
  number: number
  /** When its last signal was received, in monotonic time. */
  receivedAt: number
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
  readonly #beatEveryMs: number
  readonly #timers: Timers
  readonly #confirmations: Confirmations
  readonly #onError: (error: unknown) => void
  readonly #listeners = new Set<BusListener>()
  readonly #peers = new Map<string, Peer>()
  /** When a peer may be silent for a lease at the earliest, in monotonic time. */
  #silentAt = 0
  #number = 0
  #beats = 0
  /** Heartbeats that have not returned yet, oldest first. */
  #sent: Beat[] = []
  /** The newest heartbeat that returned. */
  #returned: Beat | null = null
  /**
   * Whether all cached entries were dropped since the lease last ran out. What was cached before this
   * node joined is dropped too.
   */
  #cleared = false
  #clearing = false
  /**
   * A message could not be sent. No heartbeat is sent, so that other nodes do not trust outdated
   * entries.
   */
  #failed = false
  #joined = false
  #closed = false
  #unsubscribe = () => {}
  #stopTicking = () => {}

  constructor(options: LeaseBusOptions) {
    this.#channel = options.channel
    this.#clock = options.clock
    this.#leaseMs = options.leaseMs ?? 1000
    this.#beatEveryMs = options.beatEveryMs ?? this.#leaseMs / 4
    this.#timers = options.timers ?? systemTimers()
    this.#onError = options.onError ?? (() => {})
    this.#confirmations = new Confirmations(this.#timers)
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#channel.subscribe((signal) => this.#receive(signal))
    try {
      await this.#channel.register({ id: this.#id, leaseMs: this.#leaseMs })
    } catch (cause) {
      this.#unsubscribe()
      if (cause instanceof LatchkeyError && cause.code === 'conflict') throw cause
      throw new LatchkeyError('unavailable', 'This node could not join the others. Try again.', {
        cause,
      })
    }
    if (this.#closed) return
    this.#joined = true
    this.#beat()
    this.#stopTicking = this.#timers.every(Math.max(10, this.#beatEveryMs), () => this.#tick())
  }

  subscribe(listener: BusListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  isTrusted(): boolean {
    // Not only at a tick: the publisher of a message that this node lacks waits no longer.
    this.#dropSilentPeers()
    if (this.#hasLease()) return true
    this.#lapse()
    // An engine in the same process returns the heartbeat synchronously. Another one is not sent a
    // heartbeat for each call.
    if (this.#sent.length < MAX_SENT) this.#beat()
    return this.#hasLease()
  }

  async publish(
    message: BusMessage,
    { confirmed }: { readonly confirmed: boolean },
  ): Promise<readonly string[]> {
    if (this.#closed) throw unsent()
    let number: number | null = null
    try {
      const members = confirmed ? await this.#channel.members() : []
      // In the same turn as the sending, so that no heartbeat contains the number of a message that
      // is not sent yet.
      number = ++this.#number
      const others = members.filter(({ id }) => id !== this.#id)
      const confirmation = this.#confirmations.wait(number, others)
      const sent = this.#channel.send({ kind: 'message', from: this.#id, number, message })
      const [handled] = await Promise.all([confirmation, sent.then(() => this.#resume())])
      return handled
    } catch (cause) {
      // Without a number of its own the loss would leave no gap, and the next message would hide it.
      if (number === null) this.#number++
      else this.#confirmations.fail(cause, number)
      this.#failed = true
      throw unsent(cause)
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#stopTicking()
    this.#unsubscribe()
    this.#confirmations.fail(new Error('The node was closed.'))
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
    this.#dropSilentPeers()
    if (!this.#hasLease()) this.#lapse()
    const oldest = this.#clock.monotonic() - this.#leaseMs
    this.#sent = this.#sent.filter(({ monotonic }) => monotonic > oldest)
    if (this.#failed) this.#announceLoss()
    else this.#beat()
  }

  /** A node that is silent for a lease may have written without publishing. */
  #dropSilentPeers(): void {
    const now = this.#clock.monotonic()
    if (now < this.#silentAt) return
    this.#silentAt = now + this.#leaseMs
    let dropped = false
    for (const [id, { receivedAt }] of this.#peers) {
      const silentAt = receivedAt + this.#leaseMs
      if (now < silentAt) this.#silentAt = Math.min(this.#silentAt, silentAt)
      else dropped = this.#peers.delete(id)
    }
    if (dropped) this.#notify({ kind: 'missed' })
  }

  #lapse(): void {
    if (this.#returned !== null) this.#distrust()
  }

  /** Drops trust in all cached entries until another heartbeat has returned. */
  #distrust(): void {
    this.#returned = null
    this.#sent = []
    this.#cleared = false
  }

  #resume(): void {
    this.#failed = false
  }

  /** Makes the other nodes drop what they lack, so that this one may send heartbeats again. */
  #announceLoss(): void {
    const number = ++this.#number
    this.#channel
      .send({ kind: 'message', from: this.#id, number, message: { kind: 'missed' } })
      .then(() => {
        this.#resume()
        this.#beat()
      })
      .catch(this.#onError)
  }

  #beat(): void {
    if (this.#failed || this.#closed || !this.#joined) return
    const beat = ++this.#beats
    const at = { beat, monotonic: this.#clock.monotonic(), wall: this.#clock.now() }
    this.#sent.push(at)
    this.#channel
      .send({ kind: 'heartbeat', from: this.#id, number: this.#number, beat })
      .catch(this.#onError)
  }

  #receive(signal: Signal): void {
    if (this.#closed) return
    if (signal.kind === 'lost') this.#distrust()
    else if (signal.from === this.#id) {
      if (signal.kind === 'heartbeat') this.#returnedBeat(signal.beat)
    } else if (signal.kind === 'confirmation') {
      const { from, to, number, handled } = signal
      if (to === this.#id) this.#confirmations.confirm(from, number, handled)
    } else if (signal.kind === 'message') this.#apply(signal)
    else if (signal.kind === 'heartbeat' || signal.kind === 'goodbye') this.#received(signal)
    // Of a later release.
    else this.#notify({ kind: 'missed' })
  }

  #returnedBeat(beat: number): void {
    const at = this.#sent.findIndex((sent) => sent.beat === beat)
    const found = this.#sent[at]
    if (found === undefined) return
    this.#sent.splice(0, at + 1)
    // A listener that asks for trust meanwhile sends another heartbeat.
    if (this.#clearing) return
    if (!this.#cleared) {
      // Before the lease is valid again, so that no outdated entry is trusted in between.
      this.#cleared = true
      this.#clearing = true
      this.#notify({ kind: 'missed' })
      this.#clearing = false
    }
    if (this.#cleared) this.#returned = found
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
    if (kind === 'goodbye') {
      this.#peers.delete(from)
      this.#confirmations.leave(from)
    } else this.#confirm(from, peer.number, [])
  }

  #apply({ from, number, message }: Extract<Signal, { kind: 'message' }>): void {
    const peer = this.#peer(from)
    let handled: readonly string[] = []
    if (number > peer.number) {
      const inOrder = number === peer.number + 1 && Object.hasOwn(KINDS, message.kind)
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

  /** Calls the listeners. Returns what they returned. */
  #notify(message: BusMessage): readonly string[] {
    const handled: string[] = []
    for (const listener of this.#listeners) {
      try {
        const returned = listener(message)
        if (Array.isArray(returned)) handled.push(...returned)
      } catch (error) {
        // The change is not applied here, so nothing is trusted until all entries are dropped.
        this.#distrust()
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
