import type { Epochs } from '../core/index.ts'
import { exchangeOf } from './exchange.ts'
import { fingerprint, keysOf, type SecretKey } from './fingerprint.ts'
import { SessionState } from './session-state.ts'
import { createUserSession } from './session-writer.ts'
import { type UserLike, userIdOf } from './user.ts'
import type { UserProvider } from './user-provider.ts'
import { type AuthenticatedToken, userToken } from './user-token.ts'
import { WebError } from './web-error.ts'
import type { WebExchange } from './web-exchange.ts'

/** Options of {@link loginUser}. */
export interface LoginUserOptions<User extends UserLike> {
  /** The provider, if it has a `passwordFingerprint`. */
  readonly users?: UserProvider<User>
  /** The epochs read before the proof. */
  readonly epochs?: Epochs
  /**
   * Whether the browser keeps the login, by a cookie with a renewal code: for 31 days after the last renewal (profile `device`). False by
   * default.
   */
  readonly remember?: boolean
}

/**
 * Logs a user in without a proof: for custom views, and for tests. The session gets a new id and a new secret, and the old one ends. Its
 * data is kept for the same user and for a visitor without a login; for another user it is dropped. Throws `origin_refused` for a
 * request of another origin, `not_found` for a user that the authority's directory does not have, `actor_suspended`.
 */
export async function loginUser<User extends UserLike>(
  request: object,
  user: User,
  secretKey: SecretKey,
  options: LoginUserOptions<User> = {},
): Promise<AuthenticatedToken<User>> {
  const exchange = exchangeOf(request)
  exchange.checkOrigin()
  const [key = ''] = keysOf(secretKey)
  const id = userIdOf(user)
  const stored = options.users?.passwordFingerprint?.(user) ?? user.getHashedPassword()
  const moveData = keepsData(exchange, id)
  const state = moveData ? exchange.state : new SessionState(null)
  const hash = fingerprint(key, stored)
  try {
    await createUserSession(
      exchange,
      id,
      {
        replaces: (exchange.parent ?? exchange.state).check,
        moveData,
        ...(options.epochs === undefined ? {} : { epochs: options.epochs }),
      },
      { state, hash, remember: options.remember ?? false },
    )
  } catch (error) {
    throw explained(error)
  }
  const session = exchange.state.check?.session ?? null
  const token = userToken(user, { state: 'fresh', session })
  exchange.authenticateAs(token)
  return token
}

// Data of another user, and of an impersonation, is not for this one; that of a session that has ended is gone.
function keepsData({ state, parent }: WebExchange, id: string): boolean {
  const session = state.check?.session
  if (parent !== null || state.ended) return false
  return session === undefined || session.anonymous || session.owner === id
}

function explained(error: unknown): unknown {
  if (!(error instanceof WebError) || error.code !== 'not_found') return error
  return new WebError(
    'not_found',
    'The directory of the authority does not have this user. Create the authority with userDirectory(users).',
    { cause: error },
  )
}
