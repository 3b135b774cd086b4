import type { NextKey, PublicKey } from '../token/codec.ts'
import type { AuthorityContext, CallOptions } from './context.ts'
import { replaceSigningKeys, rotateSigningKey } from './signing-keys.ts'

/** The keys that sign tokens, for formats that sign: `authority.keys`. */
export interface KeysGroup {
  /**
   * Returns the public keys as a JWK set (RFC 7517). A valid signature does not mean that the
   * session is live: only `authenticate` checks that.
   */
  jwks(): { readonly keys: readonly PublicKey[] }
  /**
   * Publishes the next signing key on every node and returns it with the time from which it signs:
   * ten minutes later, so that verifiers that cache the keys have it. Until then another call
   * returns the same key. Tokens signed before stay valid. Throws `invalid_request` if no format
   * signs.
   */
  rotate(options?: CallOptions): Promise<NextKey>
  /**
   * Replaces every signing key, because a private key is no longer secret. The new key signs at
   * once, and the old ones are published no more, so that other verifiers refuse their tokens once
   * their copy of the keys has expired. `authenticate` still accepts these tokens: it checks the
   * secret of the session too. Throws `invalid_request` if no format signs.
   */
  replace(options?: CallOptions): Promise<NextKey>
}

export function createKeysGroup(context: AuthorityContext): KeysGroup {
  return {
    jwks: () => ({ keys: context.signingKeys().flatMap((keys) => keys.list()) }),
    rotate: (options = {}) => rotateSigningKey(context, options),
    replace: (options = {}) => replaceSigningKeys(context, options),
  }
}
