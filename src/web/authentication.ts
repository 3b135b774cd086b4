import { refuse } from '../core/errors.ts'
import { LatchkeyError } from '../core/index.ts'
import { type Authenticator, tokenOf } from './authenticators.ts'
import { type PathPattern, pathExcluder, pathIncluder } from './path-pattern.ts'
import { problemReply, redirectReply, type WebReply } from './reply.ts'
import { safeRedirect } from './safe-redirect.ts'
import type { UserLike } from './user.ts'
import type { Awaitable } from './user-provider.ts'
import { anonymousToken, type UserToken } from './user-token.ts'
import { AuthenticationError } from './web-error.ts'
import type { WebExchange } from './web-exchange.ts'

/** One step of a request: returns null to go on, or the answer. */
export type WebStep = (exchange: WebExchange) => Promise<WebReply | null> | WebReply | null

/** Options of `authentication`. */
export interface AuthenticationOptions {
  /** Asked in order; the first that finds a user counts. */
  readonly authenticators: readonly Authenticator[]
  /**
   * What happens to a request without a user: `continue` with the anonymous token (default), `throw` an `AuthenticationError`, or
   * redirect to a path of this site (307).
   */
  readonly onFailure?: 'continue' | 'throw' | { readonly redirect: string }
  /** The paths that need a login; every path by default. Each is a whole path, `/admin/*` for all below, or a regular expression for the whole path. */
  readonly include?: readonly PathPattern[]
  /** The paths that need none, also among those of `include`. Their requests have the anonymous token. */
  readonly exclude?: readonly PathPattern[]
}

/** Makes the step that finds the user of a request. Throws `invalid_request` for options that are not valid. */
export function authenticationStep(options: AuthenticationOptions): WebStep {
  const { authenticators, onFailure = 'continue' } = options
  checkOptions(options)
  const included = options.include === undefined ? null : pathIncluder(options.include)
  const excluded = options.exclude === undefined ? null : pathExcluder(options.exclude)

  const finish = (exchange: WebExchange, token: Found): WebReply | null => {
    exchange.authenticateAs(token ?? anonymousToken)
    if (token !== null || onFailure === 'continue') return null
    if (typeof onFailure === 'object') return redirectReply(onFailure.redirect)
    const challenge = challengeOf(exchange, authenticators)
    if (challenge === null) throw new AuthenticationError()
    const refusal = refuse('token_missing', 'Could not authenticate request.')
    return problemReply(refusal, { 'www-authenticate': challenge })
  }

  return (exchange) => {
    const { url } = exchange.request
    if (excluded?.(url) === true || included?.(url) === false) {
      exchange.authenticateAs(anonymousToken)
      return null
    }
    const token = authenticate(exchange, authenticators)
    if (token instanceof Promise) return token.then((late) => finish(exchange, late))
    return finish(exchange, token)
  }
}

type Found = Extract<UserToken, { isAuthenticated: true }> | null

/**
 * Asks authenticators in order, and returns the token of the first user, or null. The answer is not a promise if no authenticator has to
 * wait.
 */
export function authenticate(
  exchange: WebExchange,
  authenticators: readonly Authenticator[],
): Awaitable<Found> {
  for (const [at, authenticator] of authenticators.entries()) {
    const found = authenticator.authenticate(exchange.request, exchange)
    if (found instanceof Promise) {
      return found.then((late) =>
        late === null ? authenticate(exchange, authenticators.slice(at + 1)) : tokenOf(late),
      )
    }
    if (found !== null) return tokenOf<UserLike>(found)
  }
  return null
}

function challengeOf(
  { request }: WebExchange,
  authenticators: readonly Authenticator[],
): string | null {
  const all = authenticators.map((authenticator) => authenticator.challenge?.(request) ?? null)
  const challenges = all.filter((challenge) => challenge !== null)
  return challenges.length === 0 ? null : challenges.join(', ')
}

function checkOptions({ authenticators, onFailure = 'continue' }: AuthenticationOptions): void {
  if (!Array.isArray(authenticators) || authenticators.length === 0) {
    throw invalid('authenticators has at least one authenticator.')
  }
  if (onFailure === 'continue' || onFailure === 'throw') return
  const target: unknown = Reflect.get(Object(onFailure), 'redirect')
  if (typeof target !== 'string') {
    throw invalid('onFailure is "continue", "throw" or { redirect: path }.')
  }
  if (safeRedirect(target, '') === '') throw invalid('The redirect is not a path of this site.')
}

function invalid(message: string): LatchkeyError {
  return new LatchkeyError('invalid_request', `authentication: ${message}`)
}
