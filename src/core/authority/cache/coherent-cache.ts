/** What the cache asks of a value: a mark it may set, and what the value weighs. */
export interface CacheEntry {
  /** Set by a hit, cleared by the hand that looks for something to evict. */
  used: boolean
  /** Estimated bytes on the heap. */
  readonly weight: number
}

/** What a read brought: what to keep, if anything, and what to tell those who waited for it. */
export interface Loaded<V, R> {
  readonly entry: V | null
  readonly result: R
}

interface Fill<R> {
  readonly promise: Promise<R>
  stale: boolean
}

/**
 * A bounded map from id to entry in front of a store. Misses of one id share one read; a read that began before an
 * invalidation of its id is neither kept nor shared with later callers. Evicts by second chance, which is
 * least-recently-used without a list to relink on every hit. Holds at most `maxEntries` and `maxBytes`.
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

  /** The entry, marked as used; undefined on a miss. */
  get(id: string): V | undefined {
    const entry = this.#entries.get(id)
    if (entry !== undefined) entry.used = true
    return entry
  }

  /** The entry without marking it as used. */
  peek(id: string): V | undefined {
    return this.#entries.get(id)
  }

  /** Whether a read of an id is under way that a further miss would join. */
  isFilling(id: string): boolean {
    return this.#fills.has(id)
  }

  /** Loads an id, or joins the read of it that is under way, and keeps what is to be kept. */
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

  /** Forgets an id, and bars reads of it that are under way from being kept or shared. */
  invalidate(id: string): void {
    const fill = this.#fills.get(id)
    if (fill !== undefined) {
      fill.stale = true
      this.#fills.delete(id)
    }
    this.#remove(id)
  }

  /** Forgets everything, reads under way included. */
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
    // Room is made first: where all others are in use, the hand would come to the newcomer.
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

  // One iterator is kept between evictions: a fresh one would step over every deleted slot again.
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
