import { authenticateClient } from './client-authentication.ts'
import { errorOfRefusal, type OAuthError } from './oauth-error.ts'
import type { OAuthRequest } from './oauth-request.ts'

/**
 * Revokes an access token or a refresh token, and with it the session (RFC 7009). Succeeds for a
 * token that is not valid.
 */
export async function revokeToken(request: OAuthRequest): Promise<OAuthError | object> {
  const { authority, form, caller } = request
  const found = await authenticateClient(authority, request, caller)
  if ('error' in found) return found
  const { token } = form
  if (token === undefined) return { error: 'invalid_request', description: 'Send token.' }
  const revoked = await authority.clients.revoke({ client: found.client, token }, caller)
  if (revoked.ok) return {}
  if (revoked.code !== 'access_denied') return errorOfRefusal(revoked)
  return { error: 'invalid_grant', description: revoked.message }
}
