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
import { isStale, renewRemembered, saveSession } from './session-writer.ts'
import type { Awaitable } from './user-provider.ts'
import { anonymousToken, type UserToken } from './user-token.ts'
import { asWebError, WebError, webErrorOf } from './web-error.ts'
import type { AnswerCookie, HeldAnswer, WebExchange } from './web-exchange.ts'
import { isCrossOrigin, type WebRequest } from './web-request.ts'

const EXCHANGE = Symbol('latchkey.exchange')

class RequestExchange implements WebExchange {
  readonly config: SessionConfig
  readonly request: WebRequest
  readonly cookies: SessionCookies
  readonly source: HttpRequestSource
  state = new SessionState(null)
  parent: SessionState | null = null
  auth: UserToken = anonymousToken
  answer: HeldAnswer | null = null
  onReplaced: (() => void) | null = null
  endReason: string | null = null
  token: string | null = null
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

  get session(): RequestSession {
    if (!this.state.isOpen) this.#willCommit()
    return this.state.open(createOperations(this))
  }

  get hasCookies(): boolean {
    return this.request.headers.get('cookie') !== null
  }

  load(): Promise<null> | null {
    if (this.config.rolling || this.config.saveUninitialized) this.#willCommit()
    const { headers } = this.request
    const token = this.cookies.session.find(headers)
    if (token === null) return this.#renew()
    const acting = this.cookies.impersonation.find(headers)
    if (acting !== null) return this.#loadActing(token, acting)
    return this.config.authority.authenticate(token, this.source).then((check) => {
      const own = this.#stateOf(check)
      if (own instanceof Promise) return own.then((late) => this.#own(token, late))
      return this.#own(token, own)
    })
  }

  // The remember-me cookie counts only without a session.
  #renew(): Promise<null> | null {
    const code = this.cookies.remember.find(this.request.headers)
    return code === null ? null : renewRemembered(this, code)
  }

  async #loadActing(token: string, actingToken: string): Promise<null> {
    const { authority } = this.config
    const own = await this.#stateOf(await authority.authenticate(token, this.source))
    await this.#own(token, own)
    if (own === null || this.state !== own) return null
    const acting = await this.#stateOf(await authority.authenticate(actingToken, this.source))
    if (acting === null || acting.check?.session.parent !== own.check?.session.id) {
      this.setCookie(this.cookies.impersonation, null)
      return null
    }
    this.parent = own
    this.state = acting
    return null
  }

  #own(token: string, state: SessionState | null): Promise<null> | null {
    if (state === null || isStale(this, state)) return this.#renew()
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

  async readState(check: Authenticated): Promise<SessionState> {
    return new SessionState(check, await this.readText(check))
  }

  async readText(check: Authenticated): Promise<StoredText> {
    try {
      const { value, version } = await this.config.authority.sessions.findData(check, this.source)
      return { value: JSON.stringify(value), version }
    } catch (error) {
      if (error instanceof SyntaxError) return { value: 'null', version: 0 }
      throw asWebError(error)
    }
  }

  issue(token: string, state: SessionState): void {
    this.endReason = null
    this.token = token
    this.state = state
    this.parent = null
    this.#issued = true
    this.setCookie(this.cookies.impersonation, null, { ifSent: true })
    this.#willCommit()
    this.onReplaced?.()
  }

  forget({ clear }: { readonly clear: boolean }): void {
    this.token = null
    this.state = new SessionState(null)
    this.parent = null
    this.auth = anonymousToken
    this.#issued = false
    this.setCookie(this.cookies.impersonation, null, { ifSent: true })
    if (clear) {
      this.setCookie(this.cookies.session, null)
    }
    // The renewal code is of the session that has ended.
    this.setCookie(this.cookies.remember, null, { ifSent: true })
    this.onReplaced?.()
  }

  authenticateAs(token: UserToken): void {
    this.auth = token
    this.onReplaced?.()
  }

  setCookie(
    cookie: Cookie,
    value: AnswerCookie | null,
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

  refreshCookie(maxAgeMs: number | null = this.#maxAgeMs): void {
    this.#maxAgeMs = maxAgeMs
    this.#issued = true
    this.#willCommit()
  }

  cookieAgeMs({ expiresAt, endsAt }: SessionView): number {
    const until = this.config.rolling ? expiresAt : endsAt
    const now = this.config.authority.now()
    const { remember } = this.parent ?? this.state
    const webMs = this.config.authority.settings.get('profile.web.absoluteMs')
    const tokenUntil = remember === null ? until : Math.min(until, remember.issuedAt + webMs)
    const left = Math.max(0, tokenUntil - now)
    return Math.min(this.#maxAgeMs ?? left, left)
  }

  checkOrigin(): void {
    if (!isCrossOrigin(this.request, this.config.publicOrigin)) return
    throw new WebError('origin_refused', 'The request must come from a page of this origin.')
  }

  needsCommit(): boolean {
    const { state } = this
    if (this.#issued || this.config.rolling) return true
    if (this.config.saveUninitialized && state.check === null && !state.ended) return true
    return state.isChanged()
  }

  get setCookies(): readonly string[] {
    return this.#pending === null ? [] : [...this.#pending.values()]
  }

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
  const exchange = new RequestExchange(config, request)
  for (const key of [request.native, ...also]) Reflect.set(key, EXCHANGE, exchange)
  return exchange
}

/** Returns the exchange of a framework's request, or null if `sessions` did not run before. */
export function findExchange(request: object): WebExchange | null {
  const exchange: unknown = Reflect.get(request, EXCHANGE)
  return exchange instanceof RequestExchange ? exchange : null
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
