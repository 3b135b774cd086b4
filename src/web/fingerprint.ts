import { createHash, createHmac } from 'node:crypto'
import { LatchkeyError } from '../core/index.ts'
import type { UserLike } from './user.ts'
import type { UserProvider } from './user-provider.ts'

/** The key of fingerprints, or several: the first makes new ones, all are accepted. */
export type SecretKey = string | readonly string[]

/**
 * Returns the fingerprint of a stored password hash: HMAC-SHA-256, base64url. A session keeps it, so that a changed hash ends the
 * session.
 */
export function fingerprint(secretKey: string, storedHash: string): string {
  return createHmac('sha256', secretKey).update(`latchkey/web/1\0${storedHash}`).digest('base64url')
}

/** Returns the digest that imia keeps as `_auth_user_hash`: HMAC-SHA-1 under SHA-256 of `imia.session.hash` and the key, in hex. */
export function imiaDigest(secretKey: string, storedHash: string): string {
  const key = createHash('sha256').update(`imia.session.hash${secretKey}`).digest()
  return createHmac('sha1', key).update(storedHash).digest('hex')
}

/** Returns the keys as a list. Throws `invalid_request` without a key. */
export function keysOf(secretKey: SecretKey): readonly string[] {
  const keys = typeof secretKey === 'string' ? [secretKey] : secretKey
  if (keys.length > 0 && keys.every((key) => typeof key === 'string' && key !== '')) return keys
  throw new LatchkeyError(
    'invalid_request',
    'The secret key is empty. Give one, or a list of them.',
  )
}

const remembered = new WeakMap<UserLike, { text: string; key: string; value: string }>()

/** Returns the fingerprint of a user under a key. That of an unchanged user object is computed once. */
export function fingerprintOf<User extends UserLike>(
  users: UserProvider<User>,
  user: User,
  key: string,
): string {
  const text = users.passwordFingerprint?.(user) ?? user.getHashedPassword()
  const known = remembered.get(user)
  if (known !== undefined && known.text === text && known.key === key) return known.value
  const value = fingerprint(key, text)
  remembered.set(user, { text, key, value })
  return value
}
