import type { Refusal } from '../../errors.ts'
import type { AuthorityContext, CallOptions } from '../context.ts'
import type { SessionChecker } from '../sessions/authenticate.ts'
import type { ClientOptions, OAuthClient, StoredClient } from './client.ts'
import { ClientRegistry } from './client-registry.ts'
import { revokeToken } from './revoke-token.ts'

/** Clients of the OAuth endpoints: `authority.clients`. */
export interface ClientsGroup {
  /** Returns every client: those of the configuration first, then in order of registration. */
  list(options?: CallOptions): Promise<readonly OAuthClient[]>
  /**
   * Registers a client, by default a public one. The secret of a confidential client is returned
   * only this once. Refuses `conflict` for an id that is registered, and `invalid_request`.
   */
  register(
    registration: ClientOptions & { readonly confidential?: boolean },
    options?: CallOptions,
  ): Promise<{ ok: true; client: OAuthClient; secret: string | null } | Refusal>
  /**
   * Removes a client and ends its sessions. Refuses `not_found`, and `invalid_request` for a client
   * of the configuration.
   */
  remove(id: string, options?: CallOptions): Promise<{ ok: true; ended: number } | Refusal>
  /**
   * Checks the id and the secret of a client; the secret of a public client is null. Refuses
   * `credentials_invalid`.
   */
  authenticate(
    credentials: { readonly id: string; readonly secret: string | null },
    options?: CallOptions,
  ): Promise<{ ok: true; client: OAuthClient } | Refusal>
  /**
   * Ends the session of a token or a renewal code that was issued to the client (RFC 7009).
   * `ended` is false for a token that is not valid. Refuses `access_denied` for one of another
   * client.
   */
  revoke(
    revocation: { readonly client: OAuthClient; readonly token: string },
    options?: CallOptions,
  ): Promise<{ ok: true; ended: boolean } | Refusal>
}

export function createClientsGroup(
  context: AuthorityContext,
  checker: SessionChecker,
  configured: readonly StoredClient[],
): ClientsGroup {
  const registry = new ClientRegistry(context, configured)
  return {
    list: (options = {}) => registry.list(options),
    register: (registration, options = {}) => registry.register(registration, options),
    remove: (id, options = {}) => registry.remove(id, options),
    authenticate: (credentials, options = {}) => registry.authenticate(credentials, options),
    revoke: (revocation, options = {}) => revokeToken(context, checker, revocation, options),
  }
}
