import type { Authority } from '../../../core/index.ts'
import { DEVICE_GRANT } from './token.ts'

const CLIENT_METHODS = ['none', 'client_secret_basic', 'client_secret_post']

/** Returns the metadata of the authorization server (RFC 8414). */
export function serverMetadata(authority: Authority, issuer: string): object {
  return {
    issuer,
    device_authorization_endpoint: `${issuer}/oauth/device_authorization`,
    token_endpoint: `${issuer}/oauth/token`,
    revocation_endpoint: `${issuer}/oauth/revoke`,
    introspection_endpoint: `${issuer}/oauth/introspect`,
    ...keysOf(authority, issuer),
    grant_types_supported: [DEVICE_GRANT, 'refresh_token'],
    response_types_supported: [],
    token_endpoint_auth_methods_supported: CLIENT_METHODS,
    revocation_endpoint_auth_methods_supported: CLIENT_METHODS,
    introspection_endpoint_auth_methods_supported: [
      'client_secret_basic',
      'client_secret_post',
      'Bearer',
    ],
    service_documentation: `${issuer}/docs`,
  }
}

/** Returns the metadata of the routes that take a token (RFC 9728). */
export function resourceMetadata(authority: Authority, issuer: string): object {
  return {
    resource: issuer,
    authorization_servers: [issuer],
    ...keysOf(authority, issuer),
    bearer_methods_supported: ['header'],
    resource_name: 'Latchkey',
    resource_documentation: `${issuer}/docs`,
  }
}

// Only where a token format signs.
function keysOf(authority: Authority, issuer: string): object {
  return authority.keys.jwks().keys.length === 0
    ? {}
    : { jwks_uri: `${issuer}/.well-known/jwks.json` }
}
