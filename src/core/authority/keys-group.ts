import type { PublicKey } from '../token/codec.ts'
import type { AuthorityContext, CallOptions } from './context.ts'
import { rotateSigningKey } from './signing-keys.ts'

/** The keys that sign tokens, for formats that sign: `authority.keys`. */
export interface KeysGroup {
  /**
   * Returns the public keys as a JWK set (RFC 7517). A valid signature does not mean that the
   * session is live: only `authenticate` checks that.
   */
  jwks(): { readonly keys: readonly PublicKey[] }
  /**
   * Activates a new signing key on every node and returns its id. Tokens signed before stay valid.
   * Throws `invalid_request` if no format signs, `conflict` if too many old keys are still kept.
   */
  rotate(options?: CallOptions): Promise<string>
}

export function createKeysGroup(context: AuthorityContext): KeysGroup {
  return {
    jwks: () => ({ keys: context.signingKeys().flatMap((keys) => keys.list()) }),
    rotate: (options = {}) => rotateSigningKey(context, options),
  }
}
