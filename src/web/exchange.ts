import {
  type Authenticated,
  type Authentication,
  LatchkeyError,
  type SessionDataView,
  type SessionView,
} from '../core/index.ts'
import { type Cookie, HttpRequestSource } from '../http/index.ts'
import type { RequestSession } from './request-session.ts'
import { createOperations } from './session-operations.ts'
import type { SessionConfig, SessionCookies } from './session-options.ts'
import { SessionState } from './session-state.ts'
import { saveSession } from './session-writer.ts'
import { anonymousToken, type UserToken } from './user-token.ts'
import { asWebError, WebError, webErrorOf } from './web-error.ts'
import { isCrossOrigin, type WebRequest } from './web-request.ts'

const EXCHANGE = Symbol('latchkey.exchange')

/**
 * One request and its answer: the session, the token of the user, and the cookies to set. `sessions` of an adapter makes it; every
 * function of `latchkey/web` finds it by the framework's request.
 */
export class WebExchange {
  /** The checked options of `sessions`. */
  readonly config: SessionConfig
  /** The request, as the adapter read it. */
  readonly request: WebRequest
  /** The cookies of this request: their names depend on the encryption of the connection. */
  readonly cookies: SessionCookies
  /** The source of the request, for the authority. */
  readonly source: HttpRequestSource
  /** The session of the request. Under impersonation that of the impersonation. */
  state = new SessionState(null, null)
  /** Under impersonation the session that it was started from. */
  parent: SessionState | null = null
  /** The token of the request's user. */
  auth: UserToken = anonymousToken
  /** Called once, when the answer will need `commit`. */
  onPending: (() => void) | null = null
  /** Called when `session` or `auth` is another object. */
  onReplaced: (() => void) | null = null
  /** The token of the session, as received or as issued. */
  token: string | null = null
  /** The secret of the forms of a visitor without a session, if this answer sets it. */
  formSecret: string | null = null
  /** Whether the answer sets the cookie of the session. */
  #issued = false
  #maxAgeMs: number | null = null
  readonly #pending = new Map<string, string>()

  constructor(config: SessionConfig, request: WebRequest) {
    this.config = config
    this.request = request
    this.cookies = config.cookiesFor(request)
    this.source = new HttpRequestSource('web', request.headers, request.peer, config.clientAddress)
  }

  /** The session's data. */
  get session(): RequestSession {
    if (!this.state.isOpen) this.#willCommit()
    return this.state.open(createOperations(this))
  }

  /** Whether the request has cookies, so that `load` has something to do. */
  get hasCookies(): boolean {
    return this.request.headers.get('cookie') !== null
  }

  /** Checks the session of the cookie and reads its data. Throws `unavailable` if that is not possible. */
  async load(): Promise<void> {
    if (this.config.rolling || this.config.saveUninitialized) this.#willCommit()
    const token = this.cookies.session.find(this.request.headers)
    if (token === null) return
    const own = await this.#read(token)
    if (own === null) return
    this.token = token
    this.state = own
    const actingToken = this.cookies.impersonation.find(this.request.headers)
    if (actingToken === null) return
    const acting = await this.#read(actingToken)
    if (acting?.check?.session.parent !== own.check?.session.id) {
      this.setCookie(this.cookies.impersonation, null)
      return
    }
    this.parent = own
    this.state = acting ?? own
  }

  async #read(token: string): Promise<SessionState | null> {
    const { authority } = this.config
    const check = await authority.authenticate(token, this.source)
    return check.ok ? new SessionState(check, await this.readData(check)) : refusedToken(check)
  }

  /** Reads the stored data of a session; that of an unreadable record is empty. */
  async readData(check: Authenticated): Promise<SessionDataView> {
    try {
      return await this.config.authority.sessions.findData(check, this.source)
    } catch (error) {
      if (error instanceof SyntaxError) return { value: null, version: 0 }
      throw asWebError(error)
    }
  }

  /** Takes a new session of this request: its cookie is set with the answer. */
  issue(token: string, state: SessionState): void {
    this.token = token
    this.state = state
    this.parent = null
    this.#issued = true
    this.setCookie(this.cookies.impersonation, null, { ifSent: true })
    this.#willCommit()
    this.onReplaced?.()
  }

  /** Gives the request a session without data, and removes the cookies of the old one if `clear` is true. */
  forget({ clear }: { readonly clear: boolean }): void {
    this.token = null
    this.state = new SessionState(null, null)
    this.parent = null
    this.auth = anonymousToken
    this.#issued = false
    this.setCookie(this.cookies.impersonation, null, { ifSent: true })
    if (clear) {
      this.setCookie(this.cookies.session, null)
      this.setCookie(this.cookies.remember, null, { ifSent: true })
    }
    this.onReplaced?.()
  }

  /** Sets the token of the request's user. */
  authenticateAs(token: UserToken): void {
    this.auth = token
    this.onReplaced?.()
  }

  /** Adds a cookie to the answer; null removes it, with `ifSent` only if the request has it. */
  setCookie(
    cookie: Cookie,
    value: { readonly text: string; readonly maxAgeMs: number } | null,
    { ifSent = false }: { readonly ifSent?: boolean } = {},
  ): void {
    if (ifSent && cookie.find(this.request.headers) === null) {
      this.#pending.delete(cookie.name)
      return
    }
    const header = value === null ? cookie.clear() : cookie.write(value.text, value.maxAgeMs)
    this.#pending.set(cookie.name, header)
    this.#willCommit()
  }

  /** Lets the answer set the session's cookie again, for a shorter time with `maxAgeMs`. */
  refreshCookie(maxAgeMs: number | null = this.#maxAgeMs): void {
    this.#maxAgeMs = maxAgeMs
    this.#issued = true
    this.#willCommit()
  }

  /** How long the browser keeps the session's cookie, in milliseconds. */
  cookieAgeMs({ expiresAt, endsAt }: SessionView): number {
    const until = this.config.rolling ? expiresAt : endsAt
    const left = Math.max(0, until - this.config.authority.now())
    return Math.min(this.#maxAgeMs ?? left, left)
  }

  /** Throws `origin_refused` if a page of another origin made the request. */
  checkOrigin(): void {
    if (!isCrossOrigin(this.request, this.config.publicOrigin)) return
    throw new WebError('origin_refused', 'The request must come from a page of this origin.')
  }

  /** Whether `commit` has something to wait for; if not, `setCookies` are the headers of the answer. */
  needsCommit(): boolean {
    const { state } = this
    if (this.#issued || this.config.rolling) return true
    if (this.config.saveUninitialized && state.check === null && !state.ended) return true
    return state.isChanged()
  }

  /** The `Set-Cookie` headers of the answer, but for that of the session. */
  get setCookies(): readonly string[] {
    return [...this.#pending.values()]
  }

  /** Stores the data if it has changed, and returns the `Set-Cookie` headers of the answer. Call it once, before the headers are sent. */
  async commit(): Promise<readonly string[]> {
    const { state, config } = this
    const creates = config.saveUninitialized && state.check === null && !state.ended
    if (creates || state.isChanged()) await saveSession(this)
    const own = this.parent ?? this.state
    const { token } = this
    if (own.check === null || token === null || !(this.#issued || config.rolling)) {
      return this.setCookies
    }
    // An answer that is late must not set the cookie of a session that has ended meanwhile.
    const check = await config.authority.sessions.recheck(own.check, { passive: true })
    if (!check.ok) {
      refusedToken(check)
      return this.setCookies
    }
    const cookie = this.cookies.session.write(token, this.cookieAgeMs(check.session))
    return [...this.setCookies, cookie]
  }

  #willCommit(): void {
    const { onPending } = this
    this.onPending = null
    onPending?.()
  }
}

const NO_SESSION: ReadonlySet<string> = new Set([
  'token_missing',
  'token_invalid',
  'session_expired',
  'session_revoked',
])

/** A session that is over is no session. A check that was not possible is an error. */
function refusedToken(check: Exclude<Authentication, { ok: true }>): null {
  if (NO_SESSION.has(check.code)) return null
  throw webErrorOf(check)
}

/** Makes the exchange of a request, and lets `exchangeOf` find it by each of the given objects. */
export function openExchange(
  config: SessionConfig,
  request: WebRequest,
  ...also: readonly object[]
): WebExchange {
  const exchange = new WebExchange(config, request)
  for (const key of [request.native, ...also]) Reflect.set(key, EXCHANGE, exchange)
  return exchange
}

/** Returns the exchange of a framework's request, or null if `sessions` did not run before. */
export function findExchange(request: object): WebExchange | null {
  const exchange: unknown = Reflect.get(request, EXCHANGE)
  return exchange instanceof WebExchange ? exchange : null
}

/** Returns the exchange of a framework's request. Throws `invalid_request` if `sessions` did not run before. */
export function exchangeOf(request: object): WebExchange {
  const exchange = findExchange(request)
  if (exchange !== null) return exchange
  throw new LatchkeyError(
    'invalid_request',
    'The request has no session. Install `sessions` of the adapter before this.',
  )
}

/** Returns the token of a request's user; anonymous before `authentication` has run. */
export function authOf(request: object): UserToken {
  return exchangeOf(request).auth
}

/** Returns the data of a request's session: the same object as `request.session`. */
export function sessionOf(request: object): RequestSession {
  return exchangeOf(request).session
}
