import { scopeOf } from '../../../commands/index.ts'
import type { LoggedIn, OAuthClient } from '../../../core/index.ts'
import { authenticateClient } from './client-authentication.ts'
import { isWithin } from './device-authorization.ts'
import { errorOfRefusal, type OAuthError } from './oauth-error.ts'
import type { OAuthRequest } from './oauth-request.ts'

/** The `grant_type` of RFC 8628. */
export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/** Exchanges a device code or a refresh token for tokens (RFC 6749 section 6, RFC 8628 section 3.4). */
export async function issueToken(request: OAuthRequest): Promise<OAuthError | object> {
  const found = await authenticateClient(request.authority, request, request.caller)
  if ('error' in found) return found
  const { client } = found
  const type = request.form['grant_type']
  if (type === undefined) return missing('grant_type')
  if (type === DEVICE_GRANT) return byDeviceCode(request, client)
  if (type === 'refresh_token') return byRefreshToken(request, client)
  const description = 'Use the device grant or refresh_token.'
  return { error: 'unsupported_grant_type', description }
}

async function byDeviceCode(
  { authority, form, caller }: OAuthRequest,
  client: OAuthClient,
): Promise<OAuthError | object> {
  if (!client.grants.includes('device_code')) return unauthorized()
  const code = form['device_code']
  if (code === undefined) return missing('device_code')
  const poll = { clientId: client.id, format: client.format }
  const polled = await authority.devices.poll(code, poll, caller)
  if (!polled.ok) {
    if (polled.reason !== 'expired') return errorOfRefusal(polled)
    return { error: 'expired_token', description: 'The device code has expired. Start again.' }
  }
  if (polled.state === 'approved') return tokensOf(polled.login, client, authority.now())
  const seconds = Math.ceil(polled.intervalMs / 1000)
  if (polled.state === 'pending') {
    const description = `The login is not approved yet. Poll again in ${seconds} seconds.`
    return { error: 'authorization_pending', description }
  }
  return { error: 'slow_down', description: `Wait ${seconds} seconds between polls.` }
}

async function byRefreshToken(
  { authority, form, caller }: OAuthRequest,
  client: OAuthClient,
): Promise<OAuthError | object> {
  if (!client.grants.includes('refresh_token')) return unauthorized()
  const { refresh_token: code, scope = '' } = form
  if (code === undefined) return missing('refresh_token')
  if (!isWithin(scope.split(' ').filter(Boolean), client.roles)) {
    return { error: 'invalid_scope', description: 'The client is not registered for this scope.' }
  }
  const renewed = await authority.renew(code, { ...caller, clientId: client.id })
  return renewed.ok ? tokensOf(renewed, client, authority.now()) : errorOfRefusal(renewed)
}

function tokensOf(login: LoggedIn, client: OAuthClient, now: number): object {
  const { token, renewal, session } = login
  const expiresAt = Math.min(session.expiresAt, login.expiresAt ?? session.expiresAt)
  return {
    access_token: token,
    token_type: 'Bearer',
    expires_in: Math.floor((expiresAt - now) / 1000),
    ...(renewal === null || !client.grants.includes('refresh_token')
      ? {}
      : { refresh_token: renewal }),
    scope: scopeOf(session.roles),
  }
}

function missing(name: string): OAuthError {
  return { error: 'invalid_request', description: `Send ${name}.` }
}

function unauthorized(): OAuthError {
  const description = 'The client is not registered for this grant.'
  return { error: 'unauthorized_client', description }
}
