import {
  type Authenticated,
  ERROR_TABLE,
  LatchkeyError,
  type LoggedIn,
  type Refusal,
  type TrustedLoginRequest,
} from '../core/index.ts'
import type { SessionState } from './session-state.ts'
import { asWebError, WebError, webErrorOf } from './web-error.ts'
import type { WebExchange } from './web-exchange.ts'

/** How often a save that loses against another one is repeated. */
const MAX_ATTEMPTS = 10

/**
 * Stores the data of a request's session; creates the session if there is none. A session that has ended is not restored: its data is
 * dropped, and `state.ended` is set. Throws `conflict` if another request changed the data and `onConflict` is `throw`.
 */
export async function saveSession(exchange: WebExchange): Promise<void> {
  const { state, config } = exchange
  if (state.ended) return
  const owner = ownerIn(exchange)
  const { check } = state
  if (check === null || (owner !== null && check.session.owner !== owner)) {
    await createSession(exchange, owner)
    return
  }
  await storeData(exchange, state, check, config.onConflict)
}

async function storeData(
  exchange: WebExchange,
  state: SessionState,
  check: Authenticated,
  onConflict: 'merge' | 'throw',
): Promise<void> {
  for (let attempt = 1; !(await trySave(exchange, state, check)); attempt++) {
    if (onConflict === 'throw' || attempt === MAX_ATTEMPTS) {
      throw new WebError('conflict', 'Another request changed the session meanwhile. Try again.')
    }
    state.merge(await exchange.readText(check))
  }
}

// Returns false if another request changed the data. A session that has ended counts as saved.
async function trySave(
  { config, source }: WebExchange,
  state: SessionState,
  check: Authenticated,
): Promise<boolean> {
  const { sessions } = config.authority
  try {
    const { version } = state
    state.stored(await sessions.saveData(check, { value: state.toStore(), version }, source))
    return true
  } catch (error) {
    if (!(error instanceof LatchkeyError) || error.code !== 'conflict') throw asWebError(error)
  }
  const alive = await sessions.recheck(check, { passive: true })
  if (!alive.ok && alive.code === 'unavailable') throw webErrorOf(alive)
  state.ended = !alive.ok
  return state.ended
}

/** Returns the user that the data names, for applications that log in by the data. */
function ownerIn({ config, state }: WebExchange): string | null {
  const named = config.userOf?.(state.values()) ?? null
  return named === null ? null : String(named)
}

async function createSession(exchange: WebExchange, owner: string | null): Promise<void> {
  const { config, source, state } = exchange
  const { sessions } = config.authority
  const { lifetime } = config
  const made =
    owner === null
      ? await sessions.loginAnonymous({ lifetime, vouched: !config.throttleAnonymous }, source)
      : await sessions.loginAs(owner, { lifetime, replaces: state.check }, source)
  await adopt(exchange, made, state)
}

/** The state that a new session of a user takes. */
export interface UserSessionState {
  readonly state: SessionState
  /** The fingerprint of the user's password hash. */
  readonly hash: string | null
  /** Whether the browser keeps the login: the session is of the profile `device`, and its renewal code has a cookie of its own. */
  readonly remember: boolean
  /** Whether a renewal code has made the login, and not a proof. False by default. */
  readonly renewed?: boolean
}

/** Creates the session of a user in place of the request's session, and stores the request's data in it. */
export async function createUserSession(
  exchange: WebExchange,
  ownerId: string,
  request: TrustedLoginRequest,
  { state, hash, remember, renewed = false }: UserSessionState,
): Promise<void> {
  const { config, source, cookies } = exchange
  const { authority, lifetime } = config
  const made = await authority.sessions.loginAs(
    ownerId,
    { ...(remember ? { profile: 'device' } : { lifetime }), ...request },
    source,
  )
  if (made.ok) {
    state.hash = hash
    state.remember = remember ? { issuedAt: authority.now(), renewed } : null
  }
  await adopt(exchange, made, state)
  if (remember && made.ok) keepRenewal(exchange, made)
  else exchange.setCookie(cookies.remember, null, { ifSent: true })
}

/** Lets the answer set the remember-me cookie to the renewal code of a session. */
function keepRenewal(exchange: WebExchange, { renewal, session }: LoggedIn): void {
  if (renewal === null) return
  const maxAgeMs = session.expiresAt - exchange.config.authority.now()
  exchange.setCookie(exchange.cookies.remember, { text: renewal, maxAgeMs })
}

/** Whether the token of a remembered login is too old for a session's cookie: then the renewal code is needed. */
export function isStale({ config }: WebExchange, { remember }: SessionState): boolean {
  if (remember === null) return false
  const { authority } = config
  const livesMs = authority.settings.get('profile.web.absoluteMs')
  return authority.now() >= remember.issuedAt + livesMs
}

/**
 * Renews the session of the remember-me cookie, and makes it the request's session. Requests at the same time get the same one. Nothing
 * happens if the code is not valid: its cookie stays, because another answer may have replaced it.
 */
export async function renewRemembered(exchange: WebExchange, code: string): Promise<null> {
  const { config, source } = exchange
  const made = await config.authority.renew(code, source)
  if (!made.ok) {
    if (ERROR_TABLE[made.code].http >= 500) throw webErrorOf(made)
    return null
  }
  const check = await config.authority.authenticate(made.token, source)
  if (!check.ok) return null
  const state = await exchange.readState(check)
  state.remember = { issuedAt: config.authority.now(), renewed: true }
  await storeData(exchange, state, check, 'merge')
  exchange.issue(made.token, state)
  keepRenewal(exchange, made)
  return null
}

async function adopt(
  exchange: WebExchange,
  made: LoggedIn | Refusal,
  state: SessionState,
): Promise<void> {
  const { config, source } = exchange
  if (!made.ok) throw webErrorOf(made)
  const check = await config.authority.authenticate(made.token, source)
  if (!check.ok) throw webErrorOf(check)
  state.check = check
  // Data that was moved may have been changed by another request since it was read.
  if (Object.keys(state.toStore()).length > 0) await storeData(exchange, state, check, 'merge')
  exchange.issue(made.token, state)
}
