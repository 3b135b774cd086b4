import {
  type Authenticated,
  type Authority,
  LatchkeyError,
  type SessionDataView,
} from '../../../core/index.ts'

/** What MAGE keeps with a session beside what the house knows. */
export interface Facts {
  readonly language: string
  /** The version of the application at the session's creation. */
  readonly version: string | null
  /** What the application attached, without the access tags. */
  readonly meta: Readonly<Record<string, unknown>>
}

const PLAIN_FACTS: Facts = { language: 'en', version: null, meta: {} }

const KEY = 'mage'
const MAX_ATTEMPTS = 5

/**
 * The facts of sessions, in their data bags under the key `mage`, with a bounded cache that every node forgets when a bag is
 * written. 100,000 sessions by default.
 */
export class SessionFacts {
  readonly #authority: Authority
  readonly #maxCached: number
  readonly #cached = new Map<string, Facts>()
  readonly #stop: () => void
  #writes = 0

  constructor(authority: Authority, maxCached = 100_000) {
    this.#authority = authority
    this.#maxCached = maxCached
    this.#stop = authority.onChange((change) => {
      if (change.kind === 'session-changed') this.#forget(change.id)
      else if (change.kind === 'sessions-ended') for (const { id } of change.ended) this.#forget(id)
      else if (change.kind === 'missed') this.#forgetAll()
    })
  }

  /** The facts of a session, at once where they are cached. */
  get(current: Authenticated): Facts | Promise<Facts> {
    return this.#cached.get(current.session.id) ?? this.#load(current)
  }

  /** Changes the facts of a session by one conditional write, tried again when another came between. */
  async save(current: Authenticated, change: (facts: Facts) => Facts): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const bag = await this.#authority.sessions.findData(current)
      const value = { ...asRecord(bag.value), [KEY]: change(factsIn(bag)) }
      try {
        await this.#authority.sessions.saveData(current, { value, version: bag.version })
        return
      } catch (error) {
        const again = error instanceof LatchkeyError && error.code === 'conflict'
        if (!again || attempt === MAX_ATTEMPTS) throw error
      }
    }
  }

  close(): void {
    this.#stop()
    this.#cached.clear()
  }

  async #load(current: Authenticated): Promise<Facts> {
    const before = this.#writes
    const facts = factsIn(await this.#authority.sessions.findData(current))
    // A reading that began before a write must not be kept.
    if (before === this.#writes) this.#keep(current.session.id, facts)
    return facts
  }

  #keep(id: string, facts: Facts): void {
    this.#cached.set(id, facts)
    if (this.#cached.size <= this.#maxCached) return
    const oldest = this.#cached.keys().next()
    if (oldest.done !== true) this.#cached.delete(oldest.value)
  }

  #forget(id: string): void {
    this.#writes++
    this.#cached.delete(id)
  }

  #forgetAll(): void {
    this.#writes++
    this.#cached.clear()
  }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}
}

function factsIn({ value }: SessionDataView): Facts {
  const kept = asRecord(asRecord(value)[KEY])
  const { language, version, meta } = kept
  if (language === undefined) return PLAIN_FACTS
  return {
    language: String(language),
    version: typeof version === 'string' ? version : null,
    meta: asRecord(meta),
  }
}
