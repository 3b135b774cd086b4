import { sameDigest } from '../core/token/secret.ts'
import type { Authenticator } from './authenticators.ts'
import { PROVIDER_TIMEOUT_MS, withDeadline } from './deadline.ts'
import { fingerprintOf, imiaDigest, keysOf, type SecretKey } from './fingerprint.ts'
import { keptKeys } from './fingerprint-keys.ts'
import { loginUser } from './login-user.ts'
import type { SessionState } from './session-state.ts'
import { saveSession } from './session-writer.ts'
import { type UserLike, userIdOf } from './user.ts'
import type { Awaitable, UserProvider } from './user-provider.ts'
import { type AuthenticatedToken, userToken } from './user-token.ts'
import type { WebExchange } from './web-exchange.ts'

/** Options of {@link sessionAuthenticator}. */
export interface SessionAuthenticatorOptions {
  /** The key of the login manager, or the list of its keys. That of the manager with the same users by default. */
  readonly secretKey?: SecretKey
  /** How long the provider may take: 10,000 ms by default. */
  readonly timeoutMs?: number
}

/**
 * Makes the authenticator of request sessions. At every request it loads the user of the session and compares the fingerprint of its
 * password hash, so that a changed password ends the user's other sessions. A session whose user is gone has no login.
 */
export function sessionAuthenticator<User extends UserLike>(
  users: UserProvider<User>,
  { secretKey, timeoutMs = PROVIDER_TIMEOUT_MS }: SessionAuthenticatorOptions = {},
): Authenticator<User> {
  const given = secretKey === undefined ? null : keysOf(secretKey)
  const keys = () => given ?? keptKeys(users)
  const find = (id: string) =>
    withDeadline('The user provider', () => users.findById(id), timeoutMs)

  const later = async (exchange: WebExchange, found: Promise<User | null> | null) => {
    const { state, parent } = exchange
    const own = parent ?? state
    const session = own.check?.session
    if (session === undefined) return null
    if (session.anonymous) return fromImia(exchange, { users, find, keys: keys() })
    const owner = await (found ?? find(session.owner))
    if (owner === null || !(await hasFingerprint(exchange, own, users, owner, keys()))) return null
    return parent === null ? tokenOf(own, owner) : impersonated(exchange, owner, find)
  }

  return {
    authenticate(_request, exchange) {
      const { state, parent } = exchange
      const { check } = state
      if (check === null) return null
      if (parent !== null || check.session.anonymous) return later(exchange, null)
      const user = users.fromActor?.(check.actor) ?? find(check.session.owner)
      if (user instanceof Promise) return later(exchange, user)
      if (user === null) return null
      const [key = ''] = keys()
      const isSame = state.hash !== null && sameDigest(state.hash, fingerprintOf(users, user, key))
      return isSame ? tokenOf(state, user) : later(exchange, null)
    },
  }
}

function tokenOf<User extends UserLike>(
  { check, remember }: SessionState,
  user: User,
): AuthenticatedToken<User> {
  const session = check?.session ?? null
  return userToken(user, { state: remember?.renewed === true ? 'remembered' : 'fresh', session })
}

async function impersonated<User extends UserLike>(
  { state }: WebExchange,
  owner: User,
  find: (id: string) => Awaitable<User | null>,
): Promise<AuthenticatedToken<User> | null> {
  const session = state.check?.session ?? null
  const target = session?.actsAs ?? null
  const user = target === null ? null : await find(target)
  if (user === null) return null
  return userToken(user, { state: 'impersonator', session, originalUserId: userIdOf(owner) })
}

/**
 * Compares the fingerprint of a session with that of its user. A session without one was made outside of `latchkey/web`, for example
 * by the HTTP door: it gets the fingerprint at its first request. One made with an earlier key gets one of the first key.
 */
async function hasFingerprint<User extends UserLike>(
  exchange: WebExchange,
  state: SessionState,
  users: UserProvider<User>,
  user: User,
  keys: readonly string[],
): Promise<boolean> {
  const { hash } = state
  const [first = '', ...others] = keys
  if (hash !== null) {
    if (sameDigest(hash, fingerprintOf(users, user, first))) return true
    if (!others.some((key) => sameDigest(hash, fingerprintOf(users, user, key)))) return false
  }
  if (state !== exchange.state) return true
  state.hash = fingerprintOf(users, user, first)
  await saveSession(exchange)
  return true
}

interface Moved<User extends UserLike> {
  readonly users: UserProvider<User>
  readonly find: (id: string) => Awaitable<User | null>
  readonly keys: readonly string[]
}

/**
 * Logs in the user of a session that was moved from imia, once: its data names the user and has imia's digest. The session gets an
 * owner, a new id and a new secret.
 */
async function fromImia<User extends UserLike>(
  exchange: WebExchange,
  { users, find, keys }: Moved<User>,
): Promise<AuthenticatedToken<User> | null> {
  const { state } = exchange
  const id = state.values()['_auth_user_id']
  const digest = state.hash
  if ((typeof id !== 'string' && typeof id !== 'number') || digest === null) return null
  const user = await find(String(id))
  if (user === null) return null
  const hashed = user.getHashedPassword()
  if (!keys.some((key) => sameDigest(digest, imiaDigest(key, hashed)))) return null
  state.remove('_auth_user_id')
  return loginUser(exchange.request.native, user, keys, { users })
}
