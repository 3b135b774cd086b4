import type { Authenticated } from '../core/index.ts'
import { exchangeOf } from './exchange.ts'

/**
 * Answers who made a request: the checked session with its actor, or null without a session or for an anonymous one. Under
 * impersonation `actor` is the user that is acted as, and `impersonator` the one that acts.
 */
export function getSession(request: object): Authenticated | null {
  const { state } = exchangeOf(request)
  return state.check === null || state.ended || state.check.session.anonymous ? null : state.check
}

/**
 * Returns why the session in a request's cookie is over, to tell the user: `revoked` (ended elsewhere), `expired`, `logged_out`,
 * `password_changed`, `suspended`, `upgraded` and others. Null if there is none, or if it is live.
 */
export function endReasonOf(request: object): string | null {
  return exchangeOf(request).endReason
}

/** Which cookie a helper means. */
export interface CookieChoice {
  /** The cookie of an impersonation in place of the session's. False by default. */
  readonly impersonation?: boolean
}

/** Returns the token in the session's cookie of a request, or null. It is not checked. */
export function readSessionCookie(request: object, choice: CookieChoice = {}): string | null {
  const { cookies, request: received } = exchangeOf(request)
  return choose(cookies, choice).find(received.headers)
}

/** Lets the answer set the session's cookie to a token of the authority, until the session ends (epoch milliseconds). */
export function writeSessionCookie(
  request: object,
  { token, endsAt }: { readonly token: string; readonly endsAt: number },
  choice: CookieChoice = {},
): void {
  const exchange = exchangeOf(request)
  exchange.checkOrigin()
  const maxAgeMs = endsAt - exchange.config.authority.now()
  exchange.setCookie(choose(exchange.cookies, choice), { text: token, maxAgeMs })
}

/** Lets the answer remove the session's cookie. It does not end the session. */
export function clearSessionCookie(request: object, choice: CookieChoice = {}): void {
  const exchange = exchangeOf(request)
  exchange.setCookie(choose(exchange.cookies, choice), null)
}

function choose(
  { session, impersonation }: ReturnType<typeof exchangeOf>['cookies'],
  choice: CookieChoice,
) {
  return choice.impersonation === true ? impersonation : session
}
