import { clearTimeout, setTimeout } from 'node:timers'

/** How long an attempt waits for those under way, in all. */
const WAIT_MS = 5000
/** An attempt that has not settled by then is no longer waited for. */
const ABANDONED_MS = 30_000
const MAX_WAITING_PER_KEY = 100
/** How many waiting attempts try again after one has settled. */
const WOKEN = 5

interface Entry {
  underWay: number
  /** How many have settled since the entry was made. */
  settled: number
  readonly waiting: Set<() => void>
}

/** The state of the counters’ attempts before a reservation. */
type Snapshot = readonly (readonly [Entry, number])[]

/**
 * Attempts of this process whose proof is being verified, by counter. An attempt that the counters
 * refuse waits for them, because each may be right and reset the counter.
 */
export class AttemptsUnderWay {
  readonly #entries = new Map<string, Entry>()

  /**
   * Calls `reserve` until it is not refused, after each attempt of the same counters that settles.
   * Returns its last result when none is under way, too many wait, or after five seconds.
   */
  async reserve<T extends { readonly ok: boolean }>(
    keys: readonly string[],
    reserve: () => Promise<T>,
  ): Promise<{ readonly reserved: T; readonly settle: () => void }> {
    let expired: Promise<false> | null = null
    let timer: NodeJS.Timeout | undefined
    try {
      for (;;) {
        const before = this.#look(keys)
        const reserved = await reserve()
        if (reserved.ok) return { reserved, settle: this.#begin(keys) }
        expired ??= new Promise((resolve) => {
          timer = setTimeout(() => resolve(false), WAIT_MS)
        })
        const again = await Promise.race([this.#settledAfter(keys, before), expired])
        if (!again) return { reserved, settle: () => undefined }
      }
    } finally {
      clearTimeout(timer)
    }
  }

  #look(keys: readonly string[]): Snapshot {
    const found: (readonly [Entry, number])[] = []
    for (const key of keys) {
      const entry = this.#entries.get(key)
      if (entry !== undefined) found.push([entry, entry.settled])
    }
    return found
  }

  #begin(keys: readonly string[]): () => void {
    for (const key of keys) {
      const entry = this.#entries.get(key)
      if (entry === undefined) {
        this.#entries.set(key, { underWay: 1, settled: 0, waiting: new Set() })
      } else {
        entry.underWay++
      }
    }
    let open = true
    const settle = () => {
      if (!open) return
      open = false
      clearTimeout(timer)
      for (const key of keys) this.#settle(key)
    }
    const timer = setTimeout(settle, ABANDONED_MS)
    timer.unref()
    return settle
  }

  #settle(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    entry.underWay--
    entry.settled++
    const isLast = entry.underWay === 0
    if (isLast) this.#entries.delete(key)
    const woken = [...entry.waiting].slice(0, isLast ? entry.waiting.size : WOKEN)
    for (const wake of woken) {
      entry.waiting.delete(wake)
      wake()
    }
  }

  /** Resolves with true when an attempt has settled since `before`, with false if none is under way. */
  #settledAfter(keys: readonly string[], before: Snapshot): Promise<boolean> {
    if (before.some(([entry, settled]) => entry.settled !== settled)) return Promise.resolve(true)
    const entries = keys.flatMap((key) => this.#entries.get(key) ?? [])
    const full = entries.some(({ waiting }) => waiting.size >= MAX_WAITING_PER_KEY)
    if (entries.length === 0 || full) return Promise.resolve(false)
    return new Promise((resolve) => {
      const wake = () => {
        for (const { waiting } of entries) waiting.delete(wake)
        resolve(true)
      }
      for (const { waiting } of entries) waiting.add(wake)
    })
  }
}
