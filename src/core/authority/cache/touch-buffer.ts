import { clearTimeout, setTimeout } from 'node:timers'
/**
 * Buffers uses of sessions that are not yet written: one write per session and fraction of its idle
 * time, many sessions in one batch. Holds at most `maxPending`; above that the oldest are dropped,
 * which can only end a session early.
 */
export class TouchBuffer {
  readonly #pending = new Map<string, number>()
  readonly #write: (touches: { id: string; lastUsedAt: number }[]) => Promise<void>
  readonly #onError: (error: unknown) => void
  readonly #delayMs: number
  readonly #maxPending: number
  #timer: NodeJS.Timeout | null = null
  #writing: Promise<void> = Promise.resolve()

  constructor(options: {
    write: (touches: { id: string; lastUsedAt: number }[]) => Promise<void>
    onError: (error: unknown) => void
    delayMs?: number
    maxPending?: number
  }) {
    this.#write = options.write
    this.#onError = options.onError
    this.#delayMs = options.delayMs ?? 250
    this.#maxPending = options.maxPending ?? 100_000
  }

  add(id: string, lastUsedAt: number): void {
    this.#pending.set(id, lastUsedAt)
    if (this.#pending.size > this.#maxPending) {
      const oldest = this.#pending.keys().next()
      if (oldest.done !== true) this.#pending.delete(oldest.value)
    }
    if (this.#timer !== null) return
    this.#timer = setTimeout(() => void this.flush(), this.#delayMs)
    this.#timer.unref()
  }

  /** Returns the use of a session that is waiting to be written, or undefined. */
  find(id: string): number | undefined {
    return this.#pending.get(id)
  }

  forget(id: string): void {
    this.#pending.delete(id)
  }

  /** Writes the pending uses. On a failure they stay pending and it rejects. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#writing = this.#writing.then(() => this.#flushOnce())
    await this.#writing
  }

  async #flushOnce(): Promise<void> {
    if (this.#pending.size === 0) return
    const touches = Array.from(this.#pending, ([id, lastUsedAt]) => ({ id, lastUsedAt }))
    this.#pending.clear()
    try {
      await this.#write(touches)
    } catch (error) {
      for (const { id, lastUsedAt } of touches) {
        if (!this.#pending.has(id)) this.add(id, lastUsedAt)
      }
      this.#onError(error)
    }
  }
}

/**
 * Returns the interval between written uses of a session: a twentieth of its idle time, or 5
 * minutes without one.
 */
export function touchIntervalMs(idleMs: number | null): number {
  return idleMs === null ? 300_000 : idleMs / 20
}
