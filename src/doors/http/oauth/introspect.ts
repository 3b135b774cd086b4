import { type Introspection, introspect } from '../../../commands/index.ts'
import { type Refusal, refuse } from '../../../core/errors.ts'
import { authenticateClient } from './client-authentication.ts'
import { errorOfRefusal, type OAuthError } from './oauth-error.ts'
import type { OAuthRequest } from './oauth-request.ts'

/**
 * Checks a token for a resource server (RFC 7662), which authenticates by HTTP Basic or in the form
 * as a client, or by the bearer token of an actor with the role `introspect`.
 */
export async function introspectForm(request: OAuthRequest): Promise<OAuthError | object> {
  const { headers, form, authority, caller } = request
  const bearer = bearerOf(headers)
  if (bearer !== null) {
    const outcome = await introspectAsActor(request, bearer)
    return 'active' in outcome ? outcome : errorOfBearer(outcome)
  }
  const found = await authenticateClient(authority, request, caller)
  if ('error' in found) return found
  if (!found.client.introspect) {
    const description = 'The client is not registered for introspection.'
    return { error: 'unauthorized_client', description, status: 403 }
  }
  const { token, address } = form
  if (token === undefined) return { error: 'invalid_request', description: 'Send token.' }
  const answer = await introspect(authority, { token, address }, caller)
  return 'active' in answer ? answer : errorOfRefusal(answer)
}

// The command has its own rules: the role, and a session that is not an impersonation.
async function introspectAsActor(
  { pipeline, form, caller }: OAuthRequest,
  bearer: string,
): Promise<Introspection | Refusal> {
  const { token, address } = form
  const params = { token, ...(address === undefined ? {} : { address }) }
  const call = { name: 'session.introspect', params, token: bearer, caller }
  const outcome = await pipeline.dispatch(call)
  if (!outcome.ok) return outcome
  const { value } = outcome
  if (typeof value === 'object' && value !== null && 'active' in value) {
    return value as Introspection
  }
  return refuse('internal', 'The introspection failed.')
}

function bearerOf(headers: Headers): string | null {
  const authorization = headers.get('authorization')
  return authorization !== null && /^bearer /i.test(authorization)
    ? authorization.slice(7).trim()
    : null
}

// RFC 6750 section 3.1.
function errorOfBearer(refusal: Refusal): OAuthError {
  const description = refusal.message
  switch (refusal.code) {
    case 'token_missing':
    case 'token_invalid':
    case 'session_expired':
    case 'session_revoked': {
      const headers = { 'www-authenticate': 'Bearer realm="latchkey", error="invalid_token"' }
      return { error: 'invalid_token', description, status: 401, headers }
    }
    case 'access_denied': {
      const headers = { 'www-authenticate': 'Bearer realm="latchkey", error="insufficient_scope"' }
      return { error: 'insufficient_scope', description, status: 403, headers }
    }
    default:
      return errorOfRefusal(refusal)
  }
}
