import { clearTimeout, setTimeout } from 'node:timers'
import { LatchkeyError } from '../../core/errors.ts'

export interface WaitOptions {
  readonly timeoutMs: number
  /** The message of the `timeout`. */
  readonly late: string
  readonly signal?: AbortSignal | undefined
}

/** A promise that other code settles, with a deadline and a signal: it rejects with `timeout`, or with the signal's reason. */
export class Wait<T> {
  readonly promise: Promise<T>
  readonly #settled = Promise.withResolvers<T>()
  readonly #timer: NodeJS.Timeout
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = () => this.reject(this.#signal?.reason)

  constructor({ timeoutMs, late, signal }: WaitOptions) {
    this.promise = this.#settled.promise
    this.#signal = signal
    this.#timer = setTimeout(() => this.reject(new LatchkeyError('timeout', late)), timeoutMs)
    if (signal?.aborted === true) this.reject(signal.reason)
    else signal?.addEventListener('abort', this.#onAbort)
  }

  resolve(value: T): void {
    this.#clear()
    this.#settled.resolve(value)
  }

  reject(reason: unknown): void {
    this.#clear()
    this.#settled.reject(reason)
  }

  #clear(): void {
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }
}
