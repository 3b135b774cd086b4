import { authenticateClient } from './client-authentication.ts'
import { errorOfRefusal, type OAuthError } from './oauth-error.ts'
import type { OAuthRequest } from './oauth-request.ts'

/** Starts the login of a device (RFC 8628 section 3.1). */
export async function authorizeDevice(request: OAuthRequest): Promise<OAuthError | object> {
  const { authority, form, caller, verificationUri } = request
  const found = await authenticateClient(authority, request, caller)
  if ('error' in found) return found
  const { client } = found
  if (!client.grants.includes('device_code')) {
    const description = 'The client is not registered for the device grant.'
    return { error: 'unauthorized_client', description }
  }
  const roles = rolesOf(form['scope'], client.roles)
  if (roles !== null && 'error' in roles) return roles
  const started = await authority.devices.start(
    { client: client.name, profile: client.profile, roles, clientId: client.id },
    caller,
  )
  if (!started.ok) return errorOfRefusal(started)
  const { deviceCode, userCode, expiresAt, intervalMs } = started
  const complete = new URL(verificationUri)
  complete.searchParams.set('user_code', userCode)
  return {
    device_code: deviceCode,
    user_code: userCode,
    verification_uri: verificationUri,
    verification_uri_complete: complete.href,
    expires_in: Math.floor((expiresAt - authority.now()) / 1000),
    interval: Math.ceil(intervalMs / 1000),
  }
}

/** Returns the roles of a scope, or all that the client is registered for; null for no limit. */
function rolesOf(
  scope: string | undefined,
  registered: readonly string[] | null,
): readonly string[] | null | OAuthError {
  if (scope === undefined) return registered
  const asked = [...new Set(scope.split(' ').filter((role) => role !== ''))]
  if (isWithin(asked, registered)) return asked
  return { error: 'invalid_scope', description: 'The client is not registered for this scope.' }
}

/** Whether a client may ask for roles. `*` is no role that a client may have. */
export function isWithin(asked: readonly string[], registered: readonly string[] | null): boolean {
  return asked.every(
    (role) => role !== '*' && role.length <= 64 && (registered?.includes(role) ?? true),
  )
}
