import type { Member } from './channel.ts'
import type { Timers } from './timers.ts'

interface Waiting {
  readonly number: number
  /** The nodes that have not confirmed, each with the function that cancels its lease. */
  readonly members: Map<string, () => void>
  readonly handled: string[]
  readonly resolve: (handled: readonly string[]) => void
  readonly reject: (error: unknown) => void
}

/** The published messages of a node that other nodes have not confirmed yet. */
export class Confirmations {
  readonly #timers: Timers
  readonly #waiting = new Set<Waiting>()

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /**
   * Resolves with what the listeners returned once every member has confirmed the message, left, or
   * let its lease run out.
   */
  wait(number: number, members: readonly Member[]): Promise<readonly string[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>()
    const waiting: Waiting = { number, members: new Map(), handled: [], resolve, reject }
    this.#waiting.add(waiting)
    for (const { id, leaseMs } of members) {
      waiting.members.set(
        id,
        this.#timers.after(leaseMs, () => this.#release(waiting, id)),
      )
    }
    this.#settle(waiting)
    return promise
  }

  /** Node `from` has applied every message up to `number`. */
  confirm(from: string, number: number, handled: readonly string[]): void {
    for (const waiting of this.#waiting) {
      if (waiting.number === number) waiting.handled.push(...handled)
      if (waiting.number <= number) this.#release(waiting, from)
    }
  }

  /** A node has left, and trusts nothing. */
  leave(id: string): void {
    for (const waiting of this.#waiting) this.#release(waiting, id)
  }

  /** Rejects the wait for one message, or for all. */
  fail(error: unknown, number?: number): void {
    for (const waiting of this.#waiting) {
      if (number !== undefined && waiting.number !== number) continue
      for (const cancel of waiting.members.values()) cancel()
      this.#waiting.delete(waiting)
      waiting.reject(error)
    }
  }

  #release(waiting: Waiting, id: string): void {
    waiting.members.get(id)?.()
    waiting.members.delete(id)
    this.#settle(waiting)
  }

  #settle(waiting: Waiting): void {
    if (waiting.members.size > 0) return
    this.#waiting.delete(waiting)
    waiting.resolve(waiting.handled)
  }
}
