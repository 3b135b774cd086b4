import type { Authenticated } from '../core/index.ts'
import { assignValues, RequestSession, type SessionOperations } from './request-session.ts'

/** The property of the stored data that holds the fingerprint of the user's password hash. Applications do not see it. */
export const HASH_KEY = '_auth_user_hash'
/** The property of the stored data that a remembered login has. Applications do not see it. */
export const REMEMBER_KEY = '_auth_remember'

/** A login that the browser keeps. */
export interface RememberedLogin {
  /** When the token in the session's cookie was issued, in epoch milliseconds. */
  readonly issuedAt: number
  /** Whether the renewal code in the remember-me cookie has made the token, and not a proof. */
  readonly renewed: boolean
}

type Values = Record<string, unknown>

/** The stored data of a session, as JSON text. */
export interface StoredText {
  readonly value: string
  readonly version: number
}

interface Hidden {
  readonly hash: string | null
  readonly remember: RememberedLogin | null
}

const NOTHING: StoredText = { value: 'null', version: 0 }
const hiddenOf = new WeakMap<StoredText, Hidden>()

/** The state of a session within one request: the check, the stored data, and the data as the application changes it. */
export class SessionState {
  /** Null until the session is stored. */
  check: Authenticated | null
  /** The fingerprint of the user's password hash; null if the session has none. */
  hash: string | null
  /** Null for a login that the browser does not keep. */
  remember: RememberedLogin | null
  /** The version of the stored data. */
  version: number
  /** Whether the session ended during the request: nothing is stored any more. */
  ended = false
  #stored: StoredText
  #values: Values | null = null
  #session: RequestSession | null = null
  #snapshot = '{}'

  constructor(check: Authenticated | null, stored: StoredText = NOTHING) {
    this.check = check
    this.#stored = stored
    const { hash, remember } = readHidden(stored)
    this.hash = hash
    this.remember = remember
    this.version = stored.version
  }

  /** Whether the application has asked for the data. */
  get isOpen(): boolean {
    return this.#session !== null
  }

  /** Returns the data as the application sees it. */
  open(operations: SessionOperations): RequestSession {
    if (this.#session !== null) return this.#session
    // The snapshot is text, because the application may change what is inside the values.
    const values = this.values()
    this.#snapshot = JSON.stringify(values)
    this.#session = new RequestSession(operations, values)
    return this.#session
  }

  /** Whether the application has changed the data. */
  isChanged(): boolean {
    return this.#session !== null && this.#text() !== this.#snapshot
  }

  /** Returns the value to store. */
  toStore(): Values {
    return {
      ...this.values(),
      ...(this.hash === null ? {} : { [HASH_KEY]: this.hash }),
      ...(this.remember === null ? {} : { [REMEMBER_KEY]: this.remember }),
    }
  }

  /** Returns the data as it is now. */
  values(): Values {
    if (this.#session !== null) return { ...this.#session }
    this.#values ??= visible(parse(this.#stored))
    return this.#values
  }

  /** Removes one value. */
  remove(key: string): void {
    const { [key]: _, ...rest } = this.values()
    this.#values = rest
    if (this.#session !== null) Reflect.deleteProperty(this.#session, key)
  }

  /** Takes over that the value was stored. */
  stored(version: number): void {
    this.version = version
    if (this.#session !== null) this.#snapshot = this.#text()
  }

  /** Takes the data that another request has stored, and repeats the changes of this request on it, by key. */
  merge(latest: StoredText): void {
    const theirs = visible(parse(latest))
    this.version = latest.version
    if (this.#session === null) {
      this.#values = theirs
      return
    }
    const before = JSON.parse(this.#snapshot) as Values
    const mine = JSON.parse(this.#text()) as Values
    const merged = { ...theirs }
    for (const key of new Set([...Object.keys(before), ...Object.keys(mine)])) {
      if (JSON.stringify(before[key]) === JSON.stringify(mine[key])) continue
      if (Object.hasOwn(mine, key)) merged[key] = mine[key]
      else delete merged[key]
    }
    for (const key of Object.keys(this.#session)) Reflect.deleteProperty(this.#session, key)
    assignValues(this.#session, merged)
    this.#snapshot = JSON.stringify(theirs)
  }

  #text(): string {
    try {
      return JSON.stringify(this.#session)
    } catch {
      // The store refuses it with the reason.
      return ''
    }
  }
}

/** Returns data that is not yet stored. */
export function asText(values: Values): StoredText {
  return { value: JSON.stringify(values), version: 0 }
}

function readHidden(stored: StoredText): Hidden {
  const known = hiddenOf.get(stored)
  if (known !== undefined) return known
  const { [HASH_KEY]: hash, [REMEMBER_KEY]: remember } = parse(stored)
  const issuedAt: unknown = Reflect.get(Object(remember), 'issuedAt')
  const renewed = Reflect.get(Object(remember), 'renewed') === true
  const hidden = {
    hash: typeof hash === 'string' ? hash : null,
    remember: typeof issuedAt === 'number' ? { issuedAt, renewed } : null,
  }
  hiddenOf.set(stored, hidden)
  return hidden
}

function visible({ [HASH_KEY]: _, [REMEMBER_KEY]: __, ...values }: Values): Values {
  return values
}

// Data that is no JSON object, of another program or of a damaged record, counts as none.
function parse({ value }: StoredText): Values {
  try {
    const parsed: unknown = JSON.parse(value)
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? { ...parsed }
      : {}
  } catch {
    return {}
  }
}
