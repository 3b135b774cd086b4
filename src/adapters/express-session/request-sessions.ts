import { createHash } from 'node:crypto'
import {
  type Authority,
  errorOf,
  type KeyedPut,
  LatchkeyError,
  type Refusal,
  type RequestSource,
} from '../../core/index.ts'
import type { ListedSession, StoredSession } from './request-session-store.ts'

/**
 * The user of a session: an id, or an id with the epochs that `authority.sessions.keyed.findEpochs`
 * returned before the proof was checked.
 */
export type SessionOwner = string | NonNullable<KeyedPut['owner']>

/** Options of `createSessionStore`. */
export interface SessionStoreOptions {
  /** The authority that keeps and checks the sessions. */
  readonly authority: Authority
  /**
   * The label of the sessions of this store, at most 64 characters; `express-session` by default.
   * Stores with different labels share nothing.
   */
  readonly group?: string
  /**
   * How long a session lives after its last use if its cookie has no expiry, in milliseconds; one
   * day by default.
   */
  readonly ttlMs?: number
  /**
   * Returns the user that a session names, for example `(session: SessionData) => session.passport?.user`. The
   * session is then listed under this user, and ends when the user is suspended or all of the
   * user's sessions are ended. The user must be in the authority's directory. By default every
   * session is anonymous.
   */
  ownerOf?(session: StoredSession): SessionOwner | null | undefined
}

const DAY = 86_400_000

/** How many session ids that were loaded are kept, to recognise a later save of them. */
const MAX_LOADED = 10_000

/** The part of a session's life after which a touch is written. */
const TOUCH_PART = 1 / 20

/** Refusals that mean that there is no such session any more. */
const GONE = new Set(['session_revoked', 'session_expired', 'token_invalid'])

const SOURCE: RequestSource = { door: 'express-session' }

/** What is known of a save besides its session. */
export interface SaveContext {
  readonly source: RequestSource
  /** Whether the session id was issued in this request; undefined if that is not known. */
  readonly issued: boolean | undefined
}

/** The sessions of one store, found by the session ids of cookies. */
export class RequestSessions {
  readonly #authority: Authority
  readonly #group: string
  readonly #ttlMs: number
  readonly #ownerOf: (session: StoredSession) => SessionOwner | null | undefined
  /** Keys of sessions that were loaded, the least recently loaded first. */
  readonly #loaded = new Set<string>()

  constructor({ authority, group = 'express-session', ttlMs = DAY, ownerOf }: SessionStoreOptions) {
    if (group.length < 1 || group.length > 64) {
      throw new LatchkeyError('invalid_request', 'A group has 1 to 64 characters.')
    }
    if (!(ttlMs > 0)) throw new LatchkeyError('invalid_request', 'ttlMs must be above 0.')
    this.#authority = authority
    this.#group = group
    this.#ttlMs = ttlMs
    this.#ownerOf = ownerOf ?? (() => null)
  }

  async find(sid: string): Promise<StoredSession | null> {
    const key = this.#keyOf(sid)
    const found = await this.#authority.sessions.keyed.find(key, SOURCE)
    if (!found.ok) return absent(found)
    if (!isStored(found.value)) return null
    this.#remember(key)
    const { cookie } = found.value
    if (typeof cookie?.originalMaxAge !== 'number') return found.value
    // A touch moves the end of the record, and leaves the cookie in the data as it was saved.
    const expires = new Date(found.expiresAt).toISOString()
    return { ...found.value, cookie: { ...cookie, expires } }
  }

  async save(
    sid: string,
    session: StoredSession,
    { source, issued }: SaveContext,
  ): Promise<undefined> {
    const key = this.#keyOf(sid)
    const now = this.#authority.now()
    const endsAt = this.#endOf(session, now)
    if (endsAt <= now) return this.end(sid)
    const named = this.#ownerOf(session) ?? null
    this.#checkLifetime(endsAt - now, named !== null)
    const created = named === null ? {} : await this.#checkOwner(key, named)
    const mayCreate = created !== null && (issued ?? !this.#loaded.has(key))
    const mode = mayCreate ? 'upsert' : 'update'
    const put = { mode, value: session, endsAt, group: this.#group, ...created } as const
    const outcome = await this.#authority.sessions.keyed.put(key, put, source)
    if (!outcome.ok) absent(outcome)
  }

  async touch(sid: string, session: StoredSession): Promise<undefined> {
    const key = this.#keyOf(sid)
    const { keyed } = this.#authority.sessions
    const found = await keyed.find(key, SOURCE)
    if (!found.ok) {
      absent(found)
      return
    }
    const now = this.#authority.now()
    const endsAt = this.#endOf(session, now)
    if (endsAt <= now) return this.end(sid)
    if (Math.abs(endsAt - found.expiresAt) < (endsAt - now) * TOUCH_PART) return
    this.#checkLifetime(endsAt - now, !found.anonymous)
    const { value, version } = found
    const put = { mode: 'update', value, version, endsAt } as const
    const outcome = await keyed.put(key, put, SOURCE)
    // A conflict is a save that moved the end itself.
    if (!outcome.ok && outcome.code !== 'conflict') absent(outcome)
  }

  async end(sid: string): Promise<undefined> {
    await this.#authority.sessions.keyed.end(this.#keyOf(sid), {
      ...SOURCE,
      reason: 'logged_out',
    })
  }

  async list(): Promise<readonly ListedSession[]> {
    const sessions: ListedSession[] = []
    let after: string | undefined
    do {
      const page = await this.#authority.sessions.keyed.list({
        group: this.#group,
        limit: 1000,
        ...(after === undefined ? {} : { after }),
      })
      for (const { id, value } of page.items) if (isStored(value)) sessions.push({ ...value, id })
      after = page.next
    } while (after !== undefined)
    return sessions
  }

  idOf(sid: string): string {
    return this.#authority.sessions.keyed.idOf(this.#keyOf(sid))
  }

  count(): Promise<number> {
    return this.#authority.sessions.count({ group: this.#group })
  }

  async endAll(): Promise<undefined> {
    const which = { matching: true, group: this.#group } as const
    let ended: readonly unknown[]
    do ended = await this.#authority.sessions.end(which)
    while (ended.length > 0)
  }

  // A hash, because a session id of the application's own making may be shorter than a key. Its
  // cookie is signed, so that a guessed id is of no use.
  #keyOf(sid: string): string {
    return createHash('sha256').update(`${this.#group}\0${sid}`).digest('base64url')
  }

  #remember(key: string): void {
    this.#loaded.delete(key)
    this.#loaded.add(key)
    if (this.#loaded.size <= MAX_LOADED) return
    const oldest = this.#loaded.values().next()
    if (oldest.done !== true) this.#loaded.delete(oldest.value)
  }

  // express-session reports a cookie whose expiry is no date when it writes the cookie.
  #endOf({ cookie }: StoredSession, now: number): number {
    const expires = cookie?.expires
    const isDate = typeof expires === 'string' || expires instanceof Date
    const endsAt = isDate ? new Date(expires).getTime() : Number.NaN
    return Number.isNaN(endsAt) ? now + this.#ttlMs : endsAt
  }

  #checkLifetime(lifetimeMs: number, owned: boolean): void {
    const name = owned ? 'profile.web.absoluteMs' : 'profile.anonymous.absoluteMs'
    const longestMs = this.#authority.settings.get(name)
    // The clocks of the application and of the store may differ.
    if (lifetimeMs <= longestMs + 60_000) return
    throw new LatchkeyError(
      'invalid_request',
      `The session cookie lives ${lifetimeMs} ms, but a session ends after ${longestMs} ms. Raise the setting ${name}, or shorten the cookie.`,
    )
  }

  /** Returns the owner of a session to create; null if it exists, and belongs to its user already. */
  async #checkOwner(key: string, named: SessionOwner): Promise<Pick<KeyedPut, 'owner'> | null> {
    const { sessions, actors } = this.#authority
    const id = typeof named === 'string' ? named : named.id
    const found = await sessions.keyed.find(key, SOURCE)
    if (found.ok && found.owner === id) return null
    if (found.ok) {
      throw new LatchkeyError(
        'invalid_request',
        'The session names another user than before. Call regenerate at login.',
      )
    }
    const owner =
      typeof named === 'string' ? { id, epochs: await sessions.keyed.findEpochs(id) } : named
    if ((await actors.find(id)) !== null) return { owner }
    throw new LatchkeyError(
      'not_found',
      'The session names a user that is not in the directory of the authority.',
    )
  }
}

function isStored(value: unknown): value is StoredSession {
  return typeof value === 'object' && value !== null
}

/** Returns null for a session that does not exist any more. Throws any other refusal. */
function absent(refusal: Refusal): null {
  if (GONE.has(refusal.code)) return null
  throw errorOf(refusal)
}
