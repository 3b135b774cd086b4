import type { PublicKey } from '../token/codec.ts'
import type { AuthorityContext, CallOptions } from './context.ts'
import { rotateSigningKey } from './signing-keys.ts'

/** The keys that sign tokens, where a format signs: `authority.keys`. */
export interface KeysGroup {
  /** Returns the public keys as a JWK set (RFC 7517). A valid signature is not a live session: only `authenticate` can tell that. */
  jwks(): { readonly keys: readonly PublicKey[] }
  /**
   * Puts a new signing key in use on every node and returns its id. Tokens that were signed before stay valid. Throws
   * `invalid_request` where no format signs, `conflict` when too many old keys are still kept.
   */
  rotate(options?: CallOptions): Promise<string>
}

export function createKeysGroup(context: AuthorityContext): KeysGroup {
  return {
    jwks: () => ({ keys: context.signingKeys().flatMap((keys) => keys.list()) }),
    rotate: (options = {}) => rotateSigningKey(context, options),
  }
}
