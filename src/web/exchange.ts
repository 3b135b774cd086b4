import {
  type Authenticated,
  type Authentication,
  LatchkeyError,
  type SessionView,
} from '../core/index.ts'
import { type Cookie, HttpRequestSource } from '../http/index.ts'
import type { RequestSession } from './request-session.ts'
import { createOperations } from './session-operations.ts'
import type { SessionConfig, SessionCookies } from './session-options.ts'
import { SessionState, type StoredText } from './session-state.ts'
import { saveSession } from './session-writer.ts'
import type { Awaitable } from './user-provider.ts'
import { anonymousToken, type UserToken } from './user-token.ts'
import { asWebError, WebError, webErrorOf } from './web-error.ts'
import { isCrossOrigin, type WebRequest } from './web-request.ts'

/** An answer of a framework that sends headers without waiting for middleware. */
export interface HeldAnswer {
  /** Called once, when the answer will need `commit`. */
  hold(exchange: WebExchange): void
}

const EXCHANGE = Symbol('latchkey.exchange')

/**
 * One request and its answer: the session, the token of the user, and the cookies to set. `sessions` of an adapter makes it; every
 * function of `latchkey/web` finds it by the framework's request.
 */
export class WebExchange {
  readonly config: SessionConfig
  readonly request: WebRequest
  readonly cookies: SessionCookies
  readonly source: HttpRequestSource
  /** The session of the request. Under impersonation that of the impersonation. */
  state = new SessionState(null)
  /** Under impersonation the session that it was started from. */
  parent: SessionState | null = null
  auth: UserToken = anonymousToken
  /** The answer, if the adapter must hold it until `commit` is done. */
  answer: HeldAnswer | null = null
  /** Called when `session` or `auth` is another object. */
  onReplaced: (() => void) | null = null
  /** Why the session of the received cookie is over; null if it is not, or if the secret is not right. */
  endReason: string | null = null
  /** The token of the session, as received or as issued. */
  token: string | null = null
  /** The secret of the forms of a visitor without a session, if this answer sets it. */
  formSecret: string | null = null
  /** Whether the answer sets the cookie of the session. */
  #issued = false
  #maxAgeMs: number | null = null
  #pending: Map<string, string> | null = null

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

  /**
   * Checks the session of the cookie and reads its data. Returns null, or a promise of it if there is something to wait for. Throws
   * `unavailable` if the check is not possible.
   */
  load(): Promise<null> | null {
    if (this.config.rolling || this.config.saveUninitialized) this.#willCommit()
    const { headers } = this.request
    const token = this.cookies.session.find(headers)
    if (token === null) return null
    const acting = this.cookies.impersonation.find(headers)
    if (acting !== null) return this.#loadActing(token, acting)
    return this.config.authority.authenticate(token, this.source).then((check) => {
      const own = this.#stateOf(check)
      if (own instanceof Promise) return own.then((late) => this.#own(token, late))
      return this.#own(token, own)
    })
  }

  async #loadActing(token: string, actingToken: string): Promise<null> {
    const { authority } = this.config
    const own = await this.#stateOf(await authority.authenticate(token, this.source))
    this.#own(token, own)
    if (own === null) return null
    const acting = await this.#stateOf(await authority.authenticate(actingToken, this.source))
    if (acting === null || acting.check?.session.parent !== own.check?.session.id) {
      this.setCookie(this.cookies.impersonation, null)
      return null
    }
    this.parent = own
    this.state = acting
    return null
  }

  #own(token: string, state: SessionState | null): null {
    if (state === null) return null
    this.token = token
    this.state = state
    return null
  }

  #stateOf(check: Authentication): Awaitable<SessionState | null> {
    if (!check.ok) {
      this.endReason = check.code === 'session_expired' ? 'expired' : (check.reason ?? null)
      return refusedToken(check)
    }
    const cached = this.config.authority.sessions.cachedData(check)
    return cached === null ? this.readState(check) : new SessionState(check, cached)
  }

  /** Reads the stored data of a session. */
  async readState(check: Authenticated): Promise<SessionState> {
    return new SessionState(check, await this.readText(check))
  }

  /** Reads the stored data of a session, as JSON text; that of a damaged record is empty. */
  async readText(check: Authenticated): Promise<StoredText> {
    try {
      const { value, version } = await this.config.authority.sessions.findData(check, this.source)
      return { value: JSON.stringify(value), version }
    } catch (error) {
      if (error instanceof SyntaxError) return { value: 'null', version: 0 }
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
    this.state = new SessionState(null)
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
      this.#pending?.delete(cookie.name)
      return
    }
    const header = value === null ? cookie.clear() : cookie.write(value.text, value.maxAgeMs)
    this.#pending ??= new Map()
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
    return this.#pending === null ? [] : [...this.#pending.values()]
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
    const { answer } = this
    this.answer = null
    answer?.hold(this)
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
