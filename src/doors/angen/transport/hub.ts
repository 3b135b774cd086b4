import { clearInterval, setInterval } from 'node:timers'
import { ConnectionCounter } from '../../../connections/connection-counter.ts'
import type { Accept } from '../wire.ts'
import { type AngenLimits, DEFAULT_ANGEN_LIMITS } from './limits.ts'

export interface HubOptions {
  /** Begins to serve a client. */
  readonly accept: Accept
  readonly limits?: Partial<AngenLimits>
  /** Told of failures that no client is told of. */
  readonly onError: (error: unknown, what: string) => void
}

/** Something that is looked over now and then. `now` is on the clock of `performance.now()`. */
export interface Watched {
  sweep(now: number): void
}

/** Something with a deadline that is near. */
export interface Ticking {
  /** False when it need not be looked at again. */
  tick(now: number): boolean
}

/** Something that has messages to write. */
export interface Writing {
  flush(): void
}

const TICK_MS = 10
const MAX_SWEEP_MS = 1_000

/** What the connections of all listeners of the Angen door share: the protocol, the limits, the count, and two timers for all of them. */
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

  /** Looks something over, a few times within every time limit there is. */
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

  /** Looks at something every ten milliseconds, until it says that it needs that no more. */
  tick(ticking: Ticking): void {
    this.#ticking.add(ticking)
    this.#ticks ??= setInterval(() => this.#tick(), TICK_MS).unref()
  }

  /** Has something written when what is being done now is done, so that many messages are one write. */
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
