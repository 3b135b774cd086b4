/** The response to one command of a batch. */
export interface CachedEntry {
  readonly json: string
  /** Whether a retry gets this response; if not, a retry runs the command again. */
  readonly replayed: boolean
}

type Entries = readonly CachedEntry[]

interface Slot {
  readonly queryId: string
  readonly names: string
  readonly entries: Promise<Entries | null>
  chars: number
  expiresAt: number
}

interface ResponseCacheOptions {
  /** How long a response is cached; 0 disables the cache. */
  readonly ttlMs: number
  readonly maxSessions: number
  readonly maxChars: number
  readonly now: () => number
}

/**
 * Caches the last response of each session, for clients that have not received it. A retry with the same query id and the same commands gets
 * that response each time, and waits for it while the first request runs. Above the limits the oldest responses are dropped.
 */
export class ResponseCache {
  readonly #options: ResponseCacheOptions
  readonly #slots = new Map<string, Slot>()
  #chars = 0

  constructor(options: ResponseCacheOptions) {
    this.#options = options
  }

  /** Returns the response to a query: the cached one, or the result of `run`, which is cached unless it is null. */
  async answer(
    session: string,
    query: { readonly id: string; readonly names: readonly string[] },
    run: (cached: Entries | null) => Promise<Entries | null>,
  ): Promise<Entries | null> {
    if (this.#options.ttlMs === 0) return run(null)
    const names = query.names.join()
    const found = this.#find(session)
    if (found !== undefined && found.queryId === query.id && found.names === names) {
      const entries = await found.entries
      // The first request failed, so the retry takes its place.
      return entries === null ? this.answer(session, query, run) : run(entries)
    }
    const entries = run(null)
    const slot: Slot = {
      queryId: query.id,
      names,
      entries,
      chars: 0,
      expiresAt: Number.POSITIVE_INFINITY,
    }
    this.#put(session, slot)
    entries.then(
      (result) => this.#settle(session, slot, result),
      () => this.#settle(session, slot, null),
    )
    return entries
  }

  #delete(session: string): void {
    const slot = this.#slots.get(session)
    if (slot === undefined) return
    this.#slots.delete(session)
    this.#chars -= slot.chars
  }

  #find(session: string): Slot | undefined {
    const slot = this.#slots.get(session)
    if (slot === undefined || slot.expiresAt > this.#options.now()) return slot
    this.#delete(session)
    return undefined
  }

  #put(session: string, slot: Slot): void {
    this.#delete(session)
    this.#slots.set(session, slot)
    this.#trim()
  }

  #settle(session: string, slot: Slot, entries: Entries | null): void {
    if (this.#slots.get(session) !== slot) return
    if (entries === null) {
      this.#delete(session)
      return
    }
    slot.chars = entries.reduce((sum, { json }) => sum + json.length, 0)
    slot.expiresAt = this.#options.now() + this.#options.ttlMs
    this.#chars += slot.chars
    this.#trim()
  }

  #trim(): void {
    const { maxSessions, maxChars } = this.#options
    while (this.#slots.size > maxSessions || this.#chars > maxChars) {
      const oldest = this.#slots.keys().next()
      if (oldest.done === true) return
      this.#delete(oldest.value)
    }
  }
}
