import { clearInterval, setInterval } from 'node:timers'
import { addressPrefix } from '../../../core/address.ts'
import { type Refusal, refuse } from '../../../core/errors.ts'

export interface LoginQueueOptions {
  /** The largest number of logins a second, and at once after a pause. */
  readonly perSecond: number
  /** The largest number of logins that wait. */
  readonly maxWaiting: number
  /** How long a login may wait: less than a connection may be idle. */
  readonly maxWaitMs: number
  /** The time of a monotonic clock, in milliseconds. */
  readonly now: () => number
}

/** How often waiting logins are admitted. */
const TICK_MS = 50

interface Waiting {
  readonly since: number
  readonly settle: (refusal: Refusal | null) => void
}

/**
 * Limits the rate of logins. Those that wait are admitted in turn by network (an IPv4 address, or the /64 of an IPv6 address), in
 * order within a network, so that many logins from one network do not delay the others.
 */
export class LoginQueue {
  readonly #options: LoginQueueOptions
  readonly #byNetwork = new Map<string, Set<Waiting>>()
  #waiting = 0
  #tokens: number
  #filledAt: number
  #timer: NodeJS.Timeout | null = null

  constructor(options: LoginQueueOptions) {
    this.#options = options
    this.#tokens = Math.max(1, options.perSecond)
    this.#filledAt = options.now()
  }

  /** The number of logins that wait. */
  get size(): number {
    return this.#waiting
  }

  /**
   * Returns null if no login waits and the rate allows it. Otherwise resolves with null when the login is admitted, or with the
   * refusal `busy`, which contains how long to wait. A login whose signal fires loses its place.
   */
  enter(address: string | null, signal: () => AbortSignal): null | Promise<Refusal | null> {
    this.#fill()
    if (this.#waiting === 0 && this.#tokens >= 1) {
      this.#tokens--
      return null
    }
    if (this.#waiting >= this.#options.maxWaiting) return Promise.resolve(this.#tooMany())
    return this.#wait(addressPrefix(address ?? '') ?? address ?? '', signal())
  }

  /** Refuses the logins that wait. */
  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    for (const line of this.#byNetwork.values()) {
      for (const { settle } of [...line]) settle(refuse('unavailable', 'The server is closing.'))
    }
  }

  #wait(network: string, signal: AbortSignal): Promise<Refusal | null> {
    const { promise, resolve } = Promise.withResolvers<Refusal | null>()
    const line = this.#byNetwork.get(network) ?? new Set<Waiting>()
    this.#byNetwork.set(network, line)
    const left = () => waiting.settle(refuse('timeout', 'The client went away.'))
    const waiting: Waiting = {
      since: this.#options.now(),
      settle: (refusal) => {
        if (!line.delete(waiting)) return
        this.#waiting--
        if (line.size === 0) this.#byNetwork.delete(network)
        signal.removeEventListener('abort', left)
        resolve(refusal)
      },
    }
    line.add(waiting)
    this.#waiting++
    if (signal.aborted) left()
    else signal.addEventListener('abort', left)
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS).unref()
    return promise
  }

  #tick(): void {
    this.#fill()
    const now = this.#options.now()
    for (const line of [...this.#byNetwork.values()]) this.#refuseLate(line, now)
    while (this.#tokens >= 1) {
      const next = this.#byNetwork.entries().next()
      if (next.done === true) break
      const [network, line] = next.value
      const [first] = line
      // The network moves to the end of the order.
      this.#byNetwork.delete(network)
      this.#byNetwork.set(network, line)
      this.#tokens--
      first?.settle(null)
    }
    if (this.#waiting > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  #refuseLate(line: Set<Waiting>, now: number): void {
    for (const waiting of line) {
      if (now - waiting.since < this.#options.maxWaitMs) return
      waiting.settle(this.#tooMany())
    }
  }

  #fill(): void {
    const { perSecond, now } = this.#options
    const at = now()
    const more = ((at - this.#filledAt) * perSecond) / 1000
    this.#tokens = Math.min(Math.max(1, perSecond), this.#tokens + more)
    this.#filledAt = at
  }

  #tooMany(): Refusal {
    const retryAfterMs = (Math.max(1, this.#waiting) / this.#options.perSecond) * 1000
    return refuse('busy', 'Too many are logging in.', { retryAfterMs })
  }
}
