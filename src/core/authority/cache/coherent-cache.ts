/** A cached value: a mark that the cache sets, and its weight. */
export interface CacheEntry {
  /** Set by a hit, cleared by the eviction scan. */
  used: boolean
  /** Estimated bytes on the heap. */
  readonly weight: number
}

/** The outcome of a read: the entry to cache, if any, and the result for the waiting callers. */
export interface Loaded<V, R> {
  readonly entry: V | null
  readonly result: R
}

interface Fill<R> {
  readonly promise: Promise<R>
  stale: boolean
}

/**
 * A bounded map from id to entry in front of a store. Misses of one id share one read; a read that
 * began before an invalidation of its id is neither cached nor shared with later callers. Evicts by
 * second chance, which approximates least-recently-used without relinking a list on every hit.
 * Holds at most `maxEntries` and `maxBytes`.
 */
export class CoherentCache<V extends CacheEntry, R> {
  readonly #entries = new Map<string, V>()
  readonly #fills = new Map<string, Fill<R>>()
  readonly #maxEntries: number
  readonly #maxBytes: number
  #bytes = 0
  #hand: Iterator<[string, V]> | null = null

  constructor({ maxEntries, maxBytes }: { maxEntries: number; maxBytes: number }) {
    this.#maxEntries = maxEntries
    this.#maxBytes = maxBytes
  }

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Returns the entry and marks it as used; undefined on a miss. */
  get(id: string): V | undefined {
    const entry = this.#entries.get(id)
    if (entry !== undefined) entry.used = true
    return entry
  }

  /** Returns the entry without marking it as used; undefined on a miss. */
  peek(id: string): V | undefined {
    return this.#entries.get(id)
  }

  /** Returns whether a read of an id is in progress that a further miss would join. */
  isFilling(id: string): boolean {
    return this.#fills.has(id)
  }

  /**
   * Loads an id, or joins the read in progress, and caches its entry. Rejects with the error of
   * `load`.
   */
  fill(id: string, load: () => Promise<Loaded<V, R>>): Promise<R> {
    const running = this.#fills.get(id)
    if (running !== undefined) return running.promise
    const promise = load().then(
      ({ entry, result }) => {
        this.#finish(id, fill)
        if (entry !== null && !fill.stale) this.#keep(id, entry)
        return result
      },
      (error: unknown) => {
        this.#finish(id, fill)
        throw error
      },
    )
    const fill: Fill<R> = { promise, stale: false }
    this.#fills.set(id, fill)
    return promise
  }

  /**
   * Removes an id. Reads of it that are in progress are neither cached nor shared with later
   * callers.
   */
  invalidate(id: string): void {
    const fill = this.#fills.get(id)
    if (fill !== undefined) {
      fill.stale = true
      this.#fills.delete(id)
    }
    this.#remove(id)
  }

  /** Removes everything. Reads in progress are neither cached nor shared. */
  clear(): void {
    for (const fill of this.#fills.values()) fill.stale = true
    this.#fills.clear()
    this.#entries.clear()
    this.#hand = null
    this.#bytes = 0
  }

  #finish(id: string, fill: Fill<R>): void {
    if (this.#fills.get(id) === fill) this.#fills.delete(id)
  }

  #keep(id: string, entry: V): void {
    this.#remove(id)
    if (entry.weight > this.#maxBytes || this.#maxEntries < 1) return
    // Room is made before the insertion: if all other entries are in use, the scan would evict the
    // new one.
    const roomFor = this.#maxBytes - entry.weight
    while (this.#entries.size >= this.#maxEntries || this.#bytes > roomFor) this.#evictOne()
    this.#entries.set(id, entry)
    this.#bytes += entry.weight
  }

  #remove(id: string): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    this.#entries.delete(id)
    this.#bytes -= entry.weight
  }

  // One iterator is kept between evictions, because a new one would step over every deleted slot
  // again.
  #evictOne(): void {
    this.#hand ??= this.#entries.entries()
    const step = this.#hand.next()
    if (step.done === true) {
      this.#hand = null
      return
    }
    const [id, entry] = step.value
    this.#remove(id)
    if (entry.used) {
      entry.used = false
      this.#entries.set(id, entry)
      this.#bytes += entry.weight
    }
  }
}
