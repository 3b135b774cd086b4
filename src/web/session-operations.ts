import type { EndReason } from '../core/index.ts'
import type { RequestCookie, SessionOperations } from './request-session.ts'
import { asText, SessionState } from './session-state.ts'
import { createUserSession, saveSession } from './session-writer.ts'
import { asWebError, WebError } from './web-error.ts'
import type { WebExchange } from './web-exchange.ts'

/** Returns the operations of a request's session. */
export function createOperations(exchange: WebExchange): SessionOperations {
  return {
    get id() {
      return exchange.state.check?.session.id ?? null
    },
    get cookie() {
      return cookieOf(exchange)
    },
    regenerate: () => regenerate(exchange),
    rotate: () => rotate(exchange),
    async destroy() {
      await endSession(exchange, 'logged_out')
      exchange.forget({ clear: true })
    },
    async reload() {
      const { check } = exchange.state
      if (check === null) exchange.state = new SessionState(null)
      else exchange.state = await exchange.readState(check)
      exchange.onReplaced?.()
    },
    save: () => saveSession(exchange),
    touch: () => exchange.refreshCookie(),
  }
}

/** Ends the request's session, under impersonation the one that it was started from. Returns whether it was live. */
export async function endSession(exchange: WebExchange, reason: EndReason): Promise<boolean> {
  const own = exchange.parent ?? exchange.state
  if (own.check === null) return true
  const { id, owner, parent } = own.check.session
  own.ended = true
  exchange.state.ended = true
  try {
    const ended = await exchange.config.authority.sessions.end(
      { id: parent ?? id, owner },
      { reason, by: owner, door: 'web', address: exchange.source.address },
    )
    return ended.length > 0
  } catch (error) {
    throw asWebError(error)
  }
}

async function regenerate(exchange: WebExchange): Promise<void> {
  // The end decides: of two requests at the same time one gets the new session.
  if (!(await endSession(exchange, 'upgraded'))) throw ended()
  exchange.forget({ clear: false })
}

async function rotate(exchange: WebExchange): Promise<void> {
  const { state } = exchange
  if (state.check === null) return
  const { check, hash, remember } = state
  const { owner, anonymous, authenticatedAt } = check.session
  const next = new SessionState(null, asText(state.values()))
  const { auth } = exchange
  if (!(await endSession(exchange, 'upgraded'))) throw ended()
  exchange.forget({ clear: false })
  exchange.state = next
  if (anonymous) await saveSession(exchange)
  else {
    const renewed = remember?.renewed ?? false
    const login = { state: next, hash, remember: remember !== null, renewed }
    await createUserSession(exchange, owner, { authenticatedAt }, login)
  }
  exchange.authenticateAs(auth)
}

function ended(): WebError {
  return new WebError('conflict', 'The session has ended or was replaced by another request.')
}

function cookieOf(exchange: WebExchange): RequestCookie {
  const { config, cookies, state } = exchange
  const { domain, path = '/', sameSite = 'lax' } = config.cookie
  const { authority, lifetimeMs } = config
  const session = (exchange.parent ?? state).check?.session
  const originalMaxAge = lifetimeMs ?? authority.settings.get('profile.web.absoluteMs')
  return {
    get maxAge() {
      return session === undefined ? originalMaxAge : exchange.cookieAgeMs(session)
    },
    set maxAge(value: number) {
      if (Number.isFinite(value)) exchange.refreshCookie(Math.max(0, value))
    },
    originalMaxAge,
    get expires() {
      return new Date(authority.now() + this.maxAge)
    },
    path,
    domain,
    httpOnly: true,
    secure: cookies.session.name.startsWith('__Host-') || config.cookie.secure !== false,
    sameSite,
  }
}
