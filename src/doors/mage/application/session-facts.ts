import {
  type Authenticated,
  type Authority,
  LatchkeyError,
  type SessionDataView,
} from '../../../core/index.ts'

/** What MAGE keeps with a session beside what the authority keeps. */
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

/** Reads and writes the facts of sessions, in their data under the key `mage`. The authority caches the data. */
export class SessionFacts {
  readonly #authority: Authority

  constructor(authority: Authority) {
    this.#authority = authority
  }

  async get(current: Authenticated): Promise<Facts> {
    return factsIn(await this.#authority.sessions.findData(current))
  }

  /** Changes the facts of a session by one conditional write, and retries when another write came between. */
  async save(current: Authenticated, change: (facts: Facts) => Facts): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const data = await this.#authority.sessions.findData(current)
      const value = { ...asRecord(data.value), [KEY]: change(factsIn(data)) }
      try {
        await this.#authority.sessions.saveData(current, { value, version: data.version })
        return
      } catch (error) {
        const again = error instanceof LatchkeyError && error.code === 'conflict'
        if (!again || attempt === MAX_ATTEMPTS) throw error
      }
    }
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
