/** The answer to one command of a batch, as it goes out. */
export interface CachedEntry {
  readonly json: string
  /** Whether a retry gets it again; otherwise the command runs again. */
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
  /** How long an answer is kept; 0 for not at all. */
  readonly ttlMs: number
  readonly maxSessions: number
  readonly maxChars: number
  readonly now: () => number
}

/**
 * The last answer of each session that named its query, for clients that did not hear it: a retry with the same id for the same commands
 * gets it every time, and one that comes while the first still runs waits for it. Bounded: the oldest answers go first.
 */
export class ResponseCache {
  readonly #options: ResponseCacheOptions
  readonly #slots = new Map<string, Slot>()
  #chars = 0

  constructor(options: ResponseCacheOptions) {
    this.#options = options
  }

  /** The answer to this query, or what `run` makes of it, which is kept unless it is null. */
  async answer(
    session: string,
    query: { readonly id: string; readonly names: readonly string[] },
    run: (cached: Entries | null) => Promise<Entries | null>,
  ): Promise<Entries | null> {
    if (this.#options.ttlMs === 0) return run(null)
    const names = query.names.join()
    const known = this.#find(session)
    if (known !== undefined && known.queryId === query.id && known.names === names) {
      const entries = await known.entries
      // The first try came to nothing, so this one is the first.
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
      (made) => this.#settle(session, slot, made),
      () => this.#settle(session, slot, null),
    )
    return entries
  }

  forget(session: string): void {
    const slot = this.#slots.get(session)
    if (slot === undefined) return
    this.#slots.delete(session)
    this.#chars -= slot.chars
  }

  #find(session: string): Slot | undefined {
    const slot = this.#slots.get(session)
    if (slot === undefined || slot.expiresAt > this.#options.now()) return slot
    this.forget(session)
    return undefined
  }

  #put(session: string, slot: Slot): void {
    this.forget(session)
    this.#slots.set(session, slot)
    this.#trim()
  }

  #settle(session: string, slot: Slot, entries: Entries | null): void {
    if (this.#slots.get(session) !== slot) return
    if (entries === null) {
      this.forget(session)
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
      this.forget(oldest.value)
    }
  }
}
