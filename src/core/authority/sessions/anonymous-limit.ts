import type { SessionStore } from '../../ports/index.ts'
import type { EndedSession } from '../../session/record.ts'
import { type Change, endedChange } from '../changes.ts'

/** The maximum number of sessions that one write evicts. */
const EVICTED_PER_WRITE = 2000

/** The part of the authority's context that the limit uses. */
export interface AnonymousLimitContext {
  readonly store: { readonly sessions: SessionStore }
  readonly settings: { get(name: 'anonymous.maxTotal'): number }
  readonly touches: { flush(): Promise<void> }
  readonly onError: (error: unknown) => void
  now(options: object): number
  ask<T>(question: () => Promise<T>): Promise<T>
  write<T extends readonly EndedSession[]>(
    work: () => Promise<T>,
    change: (ended: T) => Change | null,
  ): Promise<T>
}

/**
 * Keeps the number of anonymous sessions about at `anonymous.maxTotal`: after each hundredth of it
 * that this node created, it counts them and evicts the least recently used. A creation never waits
 * for it.
 */
export class AnonymousLimit {
  readonly #context: AnonymousLimitContext
  // The first creation counts the sessions that exist already.
  #created = Number.POSITIVE_INFINITY
  #evicting = false

  constructor(context: AnonymousLimitContext) {
    this.#context = context
  }

  /** Counts the creation of an anonymous session. */
  count(): void {
    this.#created++
    const max = this.#context.settings.get('anonymous.maxTotal')
    const step = Math.max(1, Math.floor(max / 100))
    if (this.#created < step || this.#evicting) return
    this.#created = 0
    this.#evicting = true
    this.#evictAbove(max - step)
      .catch(this.#context.onError)
      .finally(() => {
        this.#evicting = false
      })
  }

  async #evictAbove(most: number): Promise<void> {
    const context = this.#context
    const { sessions } = context.store
    await context.touches.flush()
    const now = context.now({})
    const live = await context.ask(() => sessions.count({ now, anonymous: true }))
    for (let over = live - most; over > 0; over -= EVICTED_PER_WRITE) {
      const limit = Math.min(over, EVICTED_PER_WRITE)
      await context.write(
        () => sessions.end({ anonymous: true, limit }, { now, reason: 'evicted' }),
        endedChange,
      )
    }
  }
}
