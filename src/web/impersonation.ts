import { refuse } from '../core/errors.ts'
import { LatchkeyError } from '../core/index.ts'
import type { WebStep } from './authentication.ts'
import { exchangeOf } from './exchange.ts'
import { problemReply } from './reply.ts'
import { IMPERSONATE_SCOPE } from './scopes.ts'
import { SessionState } from './session-state.ts'
import { type UserLike, userIdOf } from './user.ts'
import type { Awaitable, UserProvider } from './user-provider.ts'
import { type AuthenticatedToken, type UserToken, userToken } from './user-token.ts'
import { asWebError, WebError, webErrorOf } from './web-error.ts'
import type { WebExchange } from './web-exchange.ts'

/** Options of `impersonation`. */
export interface ImpersonationOptions {
  /** The users that can be acted as, and the original users. */
  readonly users: UserProvider
  /**
   * Decides alone, in place of the scope, whether the original user (also while it acts as another one) may. The user also needs the
   * role `impersonate` in the authority: see the option `roles` of `userDirectory`.
   */
  guard?(token: AuthenticatedToken, request: object): Awaitable<boolean>
  /** The scope that the original user needs at every request: `auth:impersonate_others` by default. */
  readonly scope?: string
  /**
   * The name of a query parameter that enters (`?_impersonate=7`) and exits (`?_impersonate=__exit__`), as imia does. Off by default,
   * because a link can then start an impersonation.
   */
  readonly queryParameter?: string
}

interface Rules {
  readonly users: UserProvider
  readonly scope: string
  guard?(token: AuthenticatedToken, request: object): Awaitable<boolean>
}

const RULES = new WeakMap<WebExchange, Rules>()
const EXIT = '__exit__'

/**
 * Makes the step that permits impersonation, and checks at every request that the original user still may. Install it after
 * `authentication`. An impersonation that is no longer permitted ends.
 */
export function impersonationStep(options: ImpersonationOptions): WebStep {
  const { queryParameter } = options
  const rules: Rules = { scope: IMPERSONATE_SCOPE, ...options }
  return async (exchange) => {
    RULES.set(exchange, rules)
    if (exchange.auth.state === 'impersonator' && !(await isPermitted(exchange, rules))) {
      await stop(exchange, rules)
    }
    const wanted = queryParameter === undefined ? null : queryOf(exchange).get(queryParameter)
    return wanted === null ? null : byQuery(exchange, rules, wanted)
  }
}

function queryOf({ request: { url } }: WebExchange): URLSearchParams {
  const at = url.indexOf('?')
  return new URLSearchParams(at === -1 ? '' : url.slice(at + 1))
}

// As in the original, what is not permitted has no effect.
async function byQuery(exchange: WebExchange, rules: Rules, wanted: string) {
  const { native } = exchange.request
  try {
    if (wanted === EXIT) await exitImpersonation(native)
    else {
      const user = await rules.users.findById(wanted)
      if (user !== null) await impersonate(native, user)
    }
  } catch (error) {
    if (!(error instanceof WebError) || error.status >= 500) throw error
    if (error.code === 'origin_refused') return problemReply(refuse(error.code, error.message))
  }
  return null
}

/**
 * Lets the user of a request act as another user, in a session of its own that ends with the current one (15 minutes idle, one hour
 * in all). The request must be of this origin. Throws `access_denied` for a user that may not, for oneself, for a user that may
 * impersonate or is an administrator, and within an impersonation; `not_found`; `origin_refused`.
 */
export async function impersonate<User extends UserLike>(
  request: object,
  user: User,
): Promise<AuthenticatedToken<User>> {
  const exchange = exchangeOf(request)
  const rules = rulesOf(exchange)
  exchange.checkOrigin()
  const { auth, state, config, source } = exchange
  if (auth.state === 'impersonator') throw denied('Stop impersonating first.')
  if (state.check === null || auth.session === null || !(await isPermitted(exchange, rules))) {
    throw denied('You may not impersonate.')
  }
  if (user.getScopes().includes(rules.scope)) throw denied('This user cannot be impersonated.')
  const { sessions } = config.authority
  const made = await sessions.impersonate(state.check, userIdOf(user), source)
  if (!made.ok) throw webErrorOf(made)
  const check = await config.authority.authenticate(made.token, source)
  if (!check.ok) throw webErrorOf(check)
  exchange.parent = state
  exchange.state = new SessionState(check)
  const maxAgeMs = made.session.endsAt - config.authority.now()
  exchange.setCookie(exchange.cookies.impersonation, { text: made.token, maxAgeMs })
  const originalUserId = auth.userId
  const token = userToken(user, { state: 'impersonator', session: check.session, originalUserId })
  exchange.authenticateAs(token)
  return token
}

/** Stops acting as another user: the original login continues. Does nothing without an impersonation. */
export async function exitImpersonation(request: object): Promise<UserToken> {
  const exchange = exchangeOf(request)
  const rules = rulesOf(exchange)
  exchange.checkOrigin()
  if (exchange.auth.state === 'impersonator') await stop(exchange, rules)
  return exchange.auth
}

/** Whether the request's user acts as another one. */
export function isImpersonating(request: object): boolean {
  return exchangeOf(request).auth.state === 'impersonator'
}

/** Returns the user that acts as another one, or the request's own user; null without a login. */
export async function originalUser(request: object): Promise<UserLike | null> {
  const exchange = exchangeOf(request)
  const { auth } = exchange
  if (!auth.isAuthenticated) return null
  if (auth.originalUserId === null) return auth.user
  return rulesOf(exchange).users.findById(auth.originalUserId)
}

async function isPermitted(exchange: WebExchange, rules: Rules): Promise<boolean> {
  const token = await originalToken(exchange, rules.users)
  if (token === null) return false
  if (rules.guard === undefined) return token.has(rules.scope)
  return (await rules.guard(token, exchange.request.native)) === true
}

async function originalToken(
  { auth, parent }: WebExchange,
  users: UserProvider,
): Promise<AuthenticatedToken | null> {
  if (!auth.isAuthenticated || auth.originalUserId === null) {
    return auth.isAuthenticated ? auth : null
  }
  const user = await users.findById(auth.originalUserId)
  const session = parent?.check?.session ?? null
  return user === null ? null : userToken(user, { state: 'fresh', session })
}

async function stop(exchange: WebExchange, { users }: Rules): Promise<void> {
  const { state, parent, config, source } = exchange
  const token = await originalToken(exchange, users)
  if (state.check !== null) {
    const stopped = await config.authority.sessions.stopImpersonating(state.check, source)
    if (!stopped.ok) throw asWebError(webErrorOf(stopped))
  }
  if (parent !== null) exchange.state = parent
  exchange.parent = null
  exchange.setCookie(exchange.cookies.impersonation, null)
  if (token === null) exchange.forget({ clear: false })
  else exchange.authenticateAs(token)
}

function rulesOf(exchange: WebExchange): Rules {
  const rules = RULES.get(exchange)
  if (rules !== undefined) return rules
  throw new LatchkeyError(
    'invalid_request',
    'Impersonation is not permitted. Install `impersonation` of the adapter after `authentication`.',
  )
}

function denied(message: string): WebError {
  return new WebError('access_denied', message)
}
