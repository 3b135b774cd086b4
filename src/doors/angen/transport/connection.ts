import type { CountedConnection } from '../../../connections/connection-counter.ts'
import { ERROR_TABLE } from '../../../core/errors.ts'
import type { Receiver, Wire, WireProblem } from '../wire.ts'
import { Framer, type FramingProblem } from './framer.ts'
import type { AngenHub, Ticking, Watched, Writing } from './hub.ts'
import type { Link } from './link.ts'
import { TokenBucket } from './token-bucket.ts'

export interface ConnectionOptions {
  readonly hub: AngenHub
  readonly counted: CountedConnection
  readonly link: Link
  readonly address: string | null
  readonly transport: Wire['transport']
}

/** How long a socket must be quiet for a message without an end to count as one. */
const QUIET_MS = 20
const CLOSE_NORMAL = 1000
const CLOSE_GOING_AWAY = 1001
const CLOSE_CODES: Record<WireProblem, number> = {
  too_large: ERROR_TABLE.too_large.close,
  not_utf8: 1007,
  throttled: ERROR_TABLE.throttled.close,
}

/**
 * One client: hands its messages to the protocol one by one and in order, and reads on only as fast as they are handled, as the
 * rates allow, and as the client takes the answers. Messages are made when they can be handled, so that what waits is bytes, and
 * no more than one read brought.
 */
export class Connection implements Wire, Watched, Ticking, Writing {
  readonly address: string | null
  readonly transport: Wire['transport']
  readonly #hub: AngenHub
  readonly #counted: CountedConnection
  readonly #link: Link
  readonly #framer = new Framer()
  readonly #messages: TokenBucket
  readonly #bytes: TokenBucket
  readonly #receiver: Receiver | null
  #state: 'open' | 'closing' | 'closed' = 'open'
  /** A message is being handled. */
  #busy = false
  /** Messages are being handed over. */
  #pumping = false
  /** Its {@link flush} is due. */
  #writes = false
  #paused = false
  /** The client sends nothing more. */
  #ended = false
  /** It closes once the message under way is handled. */
  #draining = false
  readonly #openedAt = performance.now()
  #heardAt = performance.now()
  #sentAt = 0
  /** Since when it has to wait for one of its buckets. */
  #overSince: number | null = null
  #closeBy = Number.POSITIVE_INFINITY

  constructor({ hub, counted, link, address, transport }: ConnectionOptions) {
    this.address = address
    this.transport = transport
    this.#hub = hub
    this.#counted = counted
    this.#link = link
    const { messagesPerSecond, messageBurst, bytesPerSecond, byteBurst } = hub.limits
    this.#messages = new TokenBucket(messagesPerSecond, messageBurst, this.#heardAt)
    this.#bytes = new TokenBucket(bytesPerSecond, byteBurst, this.#heardAt)
    hub.watch(this)
    this.#receiver = this.#accept()
  }

  send(text: string): boolean {
    if (this.#state !== 'open') return false
    const { bufferedBytes } = this.#hub.limits
    this.#sentAt = performance.now()
    this.#link.send(text)
    if (this.#link.waiting > bufferedBytes) {
      this.#link.flush()
      if (this.#link.waiting > bufferedBytes) this.close('slow_reader', ERROR_TABLE.busy.close)
    } else if (!this.#writes) {
      this.#writes = true
      this.#hub.write(this)
    }
    return this.#isOpen()
  }

  authenticated(): void {
    this.#counted.authenticate()
  }

  close(reason = '', code = CLOSE_NORMAL): void {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    this.#closeBy = performance.now() + this.#hub.limits.closeMs
    this.#link.end(code, reason)
    // What still comes is thrown away: a socket that is closed with bytes unread takes back what was sent last.
    this.#link.resume()
  }

  /** Bytes have come, of messages or not. */
  charge(bytes: number): void {
    if (this.#state !== 'open') return
    const now = performance.now()
    this.#heardAt = now
    if (this.#overSince !== null && this.#messages.isEasy(now) && this.#bytes.isEasy(now)) {
      this.#overSince = null
    }
    this.#bytes.spend(bytes, now)
    if (this.#bytes.left(now) < 0) this.#regulate()
  }

  /** Bytes of messages have come. */
  take(chunk: Buffer): void {
    if (this.#state !== 'open' || this.#draining) return
    this.#framer.feed(chunk)
    this.#pump()
  }

  /** The client has taken what waited for it. */
  drained(): void {
    this.#sentAt = performance.now()
    this.#pump()
  }

  /** The client sends nothing more: what it has asked is still answered. */
  finish(): void {
    this.#ended = true
    this.#pump()
  }

  /** Closes at once, because another connection needs the place. */
  evict(): void {
    this.close('evicted', ERROR_TABLE.busy.close)
  }

  /** Handles no further message, and closes once the one under way is answered. */
  drain(): void {
    this.#draining = true
    if (!this.#busy) this.close('server_closing', CLOSE_GOING_AWAY)
  }

  /** The way to the client is gone. */
  gone(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#hub.unwatch(this)
    try {
      this.#receiver?.closed()
    } catch (error) {
      this.#hub.onError(error, 'angen')
    }
  }

  flush(): void {
    this.#writes = false
    if (this.#state === 'open') this.#link.flush()
  }

  sweep(now: number): void {
    if (now >= this.#closeBy) this.#link.cut()
    const usedAt = Math.max(this.#heardAt, this.#sentAt)
    const { idleMs, authenticateMs } = this.#hub.limits
    if (now - usedAt >= idleMs) this.close('idle', CLOSE_GOING_AWAY)
    // A login that is being checked still gets its answer.
    const late = !this.#counted.authenticated && now - this.#openedAt >= authenticateMs
    if (late && !this.#busy) this.close('not_authenticated', ERROR_TABLE.token_missing.close)
  }

  tick(now: number): boolean {
    if (this.#state !== 'open') return false
    if (this.#paused) {
      this.#pump()
      return this.#isOver(now) || this.#mayBeQuiet()
    }
    const tooEarly = now - this.#heardAt < QUIET_MS || this.#messages.left(now) < 1
    if (tooEarly) return this.#mayBeQuiet()
    if (this.#mayHandle(now)) this.#hand(this.#framer.takeQuiet())
    return false
  }

  #accept(): Receiver | null {
    try {
      return this.#hub.accept(this)
    } catch (error) {
      this.#failed(error)
      return null
    }
  }

  /** Hands over the messages there are, for as long as it may. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    while (this.#mayHandle(performance.now())) {
      const text = this.#framer.next(this.#lineBytes())
      if (text === null) break
      this.#hand(text)
    }
    if (this.#framer.problem !== null) this.#refuse(this.#framer.problem)
    if (this.#ended && !this.#busy && !this.#framer.waiting) {
      this.#hand(this.#framer.takeQuiet())
      if (!this.#busy) this.close()
    }
    this.#pumping = false
    this.#regulate()
  }

  #hand(text: string | null): void {
    if (text === null) return
    this.#messages.spend(1, performance.now())
    this.#counted.use()
    try {
      const handled = this.#receiver?.receive(text)
      if (handled === undefined) return
      this.#busy = true
      handled.then(
        () => this.#settled(),
        (error: unknown) => {
          this.#failed(error)
          this.#settled()
        },
      )
    } catch (error) {
      this.#failed(error)
    }
  }

  #settled(): void {
    this.#busy = false
    if (this.#draining) this.drain()
    this.#pump()
  }

  /** Reads on, or waits: for the message under way, for the client to take its answers, for an bucket. */
  #regulate(): void {
    if (this.#state !== 'open') return
    const now = performance.now()
    if (this.#isOver(now)) {
      this.#overSince ??= now
      if (now - this.#overSince >= this.#hub.limits.floodMs) {
        this.#refuse('throttled')
        return
      }
      this.#hub.tick(this)
    } else if (this.#mayBeQuiet()) this.#hub.tick(this)
    const waits = this.#framer.waiting || this.#bytes.left(now) < 0
    if (waits === this.#paused) return
    this.#paused = waits
    if (waits) this.#link.pause()
    else this.#link.resume()
  }

  #isOpen(): boolean {
    return this.#state === 'open'
  }

  #mayHandle(now: number): boolean {
    return (
      this.#state === 'open' &&
      !this.#busy &&
      !this.#draining &&
      !this.#link.stalled &&
      this.#messages.left(now) >= 1
    )
  }

  /** Whether it has to wait for an bucket. */
  #isOver(now: number): boolean {
    if (this.#bytes.left(now) < 0) return true
    // Not by what is left now: that may have come since the last message was held back, and nothing else would wake it.
    return this.#framer.waiting && !this.#busy && !this.#link.stalled
  }

  /** Whether a message has come that may be whole though its end has not. */
  #mayBeQuiet(): boolean {
    return this.#framer.partial && !this.#busy
  }

  #lineBytes(): number {
    const { lineBytes, unauthenticatedLineBytes } = this.#hub.limits
    return this.#counted.authenticated ? lineBytes : Math.min(lineBytes, unauthenticatedLineBytes)
  }

  #refuse(problem: FramingProblem | WireProblem): void {
    if (this.#state !== 'open') return
    if (problem === 'interrupt') {
      this.close('interrupt')
      return
    }
    try {
      this.#receiver?.refuse?.(problem)
    } catch (error) {
      this.#hub.onError(error, 'angen')
    }
    this.close(problem, CLOSE_CODES[problem])
  }

  #failed(error: unknown): void {
    this.#hub.onError(error, 'angen')
    this.close('internal', ERROR_TABLE.internal.close)
  }
}
