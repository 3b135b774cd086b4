import type { Authenticated, SessionView } from '../core/index.ts'
import type { Cookie, HttpRequestSource } from '../http/index.ts'
import type { RequestSession } from './request-session.ts'
import type { SessionConfig, SessionCookies } from './session-options.ts'
import type { SessionState, StoredText } from './session-state.ts'
import type { UserToken } from './user-token.ts'
import type { WebRequest } from './web-request.ts'

/** An answer of a framework that sends headers without waiting for middleware. */
export interface HeldAnswer {
  /** Called once, when the answer will need `commit`. */
  hold(exchange: WebExchange): void
}

/** A cookie of an answer. */
export interface AnswerCookie {
  /** The value. */
  readonly text: string
  /** How long the browser keeps it, in milliseconds. */
  readonly maxAgeMs: number
}

/**
 * One request and its answer: the session, the token of the user, and the cookies to set. `sessions` of an adapter makes it; every
 * function of `latchkey/web` finds it by the framework's request.
 */
export interface WebExchange {
  /** The options of `sessions`. */
  readonly config: SessionConfig
  /** The request, as the adapter reads it. */
  readonly request: WebRequest
  /** The cookies for the request's connection. */
  readonly cookies: SessionCookies
  /** The source of the request, for the authority. */
  readonly source: HttpRequestSource
  /** The session of the request. Under impersonation that of the impersonation. */
  state: SessionState
  /** Under impersonation the session that it was started from. */
  parent: SessionState | null
  /** The token of the request's user. */
  auth: UserToken
  /** The answer, if the adapter must hold it until `commit` is done. */
  answer: HeldAnswer | null
  /** Called when `session` or `auth` is another object. */
  onReplaced: (() => void) | null
  /** Why the session of the received cookie is over; null if it is not, or if the secret is not right. */
  readonly endReason: string | null
  /** The token of the session, as received or as issued. */
  readonly token: string | null
  /** The secret of the forms of a visitor without a session, if this answer sets it. */
  formSecret: string | null
  /** The session's data. */
  readonly session: RequestSession
  /** The `Set-Cookie` headers of the answer, but for that of the session. */
  readonly setCookies: readonly string[]
  /**
   * Checks the session of the cookie and reads its data. Returns null, or a promise of it if there is something to wait for. Throws
   * `unavailable` if the check is not possible.
   */
  load(): Promise<null> | null
  /** Reads the stored data of a session. */
  readState(check: Authenticated): Promise<SessionState>
  /** Reads the stored data of a session, as JSON text; that of a damaged record is empty. */
  readText(check: Authenticated): Promise<StoredText>
  /** Takes a new session of this request: its cookie is set with the answer. */
  issue(token: string, state: SessionState): void
  /** Gives the request a session without data, and removes the cookies of the old one if `clear` is true. */
  forget(options: { readonly clear: boolean }): void
  /** Sets the token of the request's user. */
  authenticateAs(token: UserToken): void
  /** Adds a cookie to the answer; null removes it, with `ifSent` only if the request has it. */
  setCookie(
    cookie: Cookie,
    value: AnswerCookie | null,
    options?: { readonly ifSent?: boolean },
  ): void
  /** Lets the answer set the session's cookie again, for a shorter time with `maxAgeMs`. */
  refreshCookie(maxAgeMs?: number | null): void
  /** Returns how long the browser keeps the session's cookie, in milliseconds. */
  cookieAgeMs(session: SessionView): number
  /** Throws `origin_refused` if a page of another origin made the request. */
  checkOrigin(): void
  /** Whether `commit` has something to wait for; if not, `setCookies` are the headers of the answer. */
  needsCommit(): boolean
  /** Stores the data if it has changed, and returns the `Set-Cookie` headers of the answer. Call it once, before the headers are sent. */
  commit(): Promise<readonly string[]>
}
