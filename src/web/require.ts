import { refuse } from '../core/errors.ts'
import { LatchkeyError, type Refusal } from '../core/index.ts'
import type { WebStep } from './authentication.ts'
import { problemReply, redirectReply, type WebReply } from './reply.ts'
import { safeRedirect } from './safe-redirect.ts'
import type { WebExchange } from './web-exchange.ts'

/** Options of `requireLogin` and `requireFresh`. */
export interface RequireOptions {
  /**
   * The path of the login page: a request for a page (a safe method that accepts HTML) is redirected to it with the requested path in
   * `next`. Other requests, and all without this option, get 401.
   */
  readonly redirect?: string
}

/** Makes the step that answers 401 without a login. */
export function requireLoginStep(options: RequireOptions = {}): WebStep {
  checkRedirect(options)
  return (exchange) => {
    if (exchange.auth.isAuthenticated) return null
    const toPage = pageRedirect(exchange, options)
    return toPage ?? problemReply(refuse('token_missing', 'Log in first.'))
  }
}

/** Makes the step that answers 401 without a login, and 403 without one of the scopes: each is needed. */
export function requireScopeStep(...scopes: readonly string[]): WebStep {
  if (scopes.length === 0) throw invalid('requireScope needs at least one scope.')
  return ({ auth }) => {
    if (!auth.isAuthenticated) {
      return problemReply(refuse('token_missing', 'Log in first.'))
    }
    const missing = scopes.filter((scope) => !auth.has(scope))
    if (missing.length === 0) return null
    return problemReply(refuse('access_denied', `The scope ${missing.join(', ')} is needed.`))
  }
}

/**
 * Makes the step that requires a password in the last minutes, by default in those of the setting `session.freshMs`. Without a login it
 * answers 401. A remembered login, an impersonation and a login without a session are not fresh.
 */
export function requireFreshStep(minutes?: number, options: RequireOptions = {}): WebStep {
  if (minutes !== undefined && !(Number.isFinite(minutes) && minutes > 0)) {
    throw invalid('requireFresh takes a number of minutes.')
  }
  checkRedirect(options)
  return (exchange) => {
    const { auth } = exchange
    if (!auth.isAuthenticated) {
      const toPage = pageRedirect(exchange, options)
      return toPage ?? problemReply(refuse('token_missing', 'Log in first.'))
    }
    const ms = minutes === undefined ? undefined : minutes * 60_000
    const refusal = staleProof(exchange, ms)
    return refusal === null ? null : (pageRedirect(exchange, options) ?? problemReply(refusal))
  }
}

function staleProof({ auth, config, state }: WebExchange, ms: number | undefined): Refusal | null {
  const { check } = state
  if (check !== null && auth.session !== null && auth.state === 'fresh') {
    const fresh = config.authority.sessions.freshWithin(check, ms)
    return fresh.ok ? null : fresh
  }
  const maxAgeMs = ms ?? config.authority.settings.get('session.freshMs')
  const message = 'This login is not fresh. Enter your password again first.'
  return refuse('step_up_required', message, { challenge: { maxAgeMs } })
}

function pageRedirect({ request }: WebExchange, { redirect }: RequireOptions): WebReply | null {
  if (redirect === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return null
  const accept = request.headers.get('accept') ?? ''
  if (!accept.includes('text/html') && !accept.includes('*/*')) return null
  const next = encodeURIComponent(safeRedirect(request.url))
  return redirectReply(`${redirect}${redirect.includes('?') ? '&' : '?'}next=${next}`, 302)
}

function checkRedirect({ redirect }: RequireOptions): void {
  if (redirect !== undefined && safeRedirect(redirect, '') === '') {
    throw invalid('The redirect is not a path of this site.')
  }
}

function invalid(message: string): LatchkeyError {
  return new LatchkeyError('invalid_request', message)
}
