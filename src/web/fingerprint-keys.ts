import { LatchkeyError } from '../core/index.ts'
import type { UserLike } from './user.ts'
import type { UserProvider } from './user-provider.ts'

const keysByProvider = new WeakMap<object, readonly string[]>()

/** Keeps the keys of the login manager of a provider, so that `sessionAuthenticator(users)` needs no copy of them. */
export function keepKeys<User extends UserLike>(
  users: UserProvider<User>,
  keys: readonly string[],
): void {
  keysByProvider.set(users, keys)
}

/** Returns the keys of a provider's login manager. Throws `invalid_request` if there is none. */
export function keptKeys<User extends UserLike>(users: UserProvider<User>): readonly string[] {
  const keys = keysByProvider.get(users)
  if (keys !== undefined) return keys
  throw new LatchkeyError(
    'invalid_request',
    'The secret key is not known. Create a LoginManager with these users, or call sessionAuthenticator(users, { secretKey }).',
  )
}
