import { clearInterval, setInterval } from 'node:timers'
import { ConnectionCounter } from '../../../connections/connection-counter.ts'
import type { Accept } from '../wire.ts'
import { type AngenLimits, DEFAULT_ANGEN_LIMITS } from './limits.ts'

export interface HubOptions {
  /** Starts to serve a client. */
  readonly accept: Accept
  readonly limits?: Partial<AngenLimits>
  /** Called with errors that no answer reports. */
  readonly onError: (error: unknown, what: string) => void
}

/** An object that is checked at intervals. `now` is a time of `performance.now()`. */
export interface Watched {
  sweep(now: number): void
}

/** An object with a deadline within seconds. */
export interface Ticking {
  /** Returns false if it needs no further check. */
  tick(now: number): boolean
}

/** An object that has messages to write. */
export interface Writing {
  flush(): void
}

const TICK_MS = 10
const MAX_SWEEP_MS = 1_000

/** The parts that the connections of all listeners share: the protocol, the limits, the counts, and two timers for all of them. */
export class AngenHub {
  readonly accept: Accept
  readonly limits: AngenLimits
  readonly counter: ConnectionCounter
  readonly onError: (error: unknown, what: string) => void
  readonly #watched = new Set<Watched>()
  readonly #ticking = new Set<Ticking>()
  #sweeping: NodeJS.Timeout | null = null
  #ticks: NodeJS.Timeout | null = null
  #writing: Writing[] = []

  constructor({ accept, limits, onError }: HubOptions) {
    this.accept = accept
    this.limits = { ...DEFAULT_ANGEN_LIMITS, ...limits }
    this.counter = new ConnectionCounter(this.limits)
    this.onError = onError
  }

  /** Checks an object at intervals shorter than every time limit. */
  watch(watched: Watched): void {
    this.#watched.add(watched)
    if (this.#sweeping !== null) return
    const { idleMs, handshakeMs, closeMs, authenticateMs } = this.limits
    const every = Math.max(
      TICK_MS,
      Math.min(MAX_SWEEP_MS, idleMs / 4, handshakeMs / 4, closeMs / 4, authenticateMs / 4),
    )
    this.#sweeping = setInterval(() => {
      const now = performance.now()
      for (const each of this.#watched) each.sweep(now)
    }, every).unref()
  }

  unwatch(watched: Watched): void {
    this.#watched.delete(watched)
    if (this.#watched.size > 0 || this.#sweeping === null) return
    clearInterval(this.#sweeping)
    this.#sweeping = null
  }

  /** Checks an object every ten milliseconds, until it returns false. */
  tick(ticking: Ticking): void {
    this.#ticking.add(ticking)
    this.#ticks ??= setInterval(() => this.#tick(), TICK_MS).unref()
  }

  /** Writes the messages of an object after the current task, so that many messages are one write. */
  write(writing: Writing): void {
    this.#writing.push(writing)
    if (this.#writing.length === 1) process.nextTick(() => this.#flush())
  }

  #tick(): void {
    const now = performance.now()
    for (const each of this.#ticking) if (!each.tick(now)) this.#ticking.delete(each)
    if (this.#ticking.size > 0 || this.#ticks === null) return
    clearInterval(this.#ticks)
    this.#ticks = null
  }

  #flush(): void {
    const writing = this.#writing
    this.#writing = []
    for (const each of writing) each.flush()
  }
}
