import type { Refusal } from '../../../core/index.ts'

/** An error code of the OAuth endpoints: RFC 6749 5.2, RFC 8628 3.5, RFC 6750 3.1, RFC 8707. */
export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'authorization_pending'
  | 'slow_down'
  | 'access_denied'
  | 'expired_token'
  | 'temporarily_unavailable'
  | 'server_error'

/** A refused request of an OAuth endpoint. */
export interface OAuthError {
  readonly error: OAuthErrorCode
  readonly description: string
  /** 400 by default. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

const HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

/** Returns the answer of a successful request. */
export function oauthAnswer(value: unknown): Response {
  return new Response(JSON.stringify(value), { headers: HEADERS })
}

/** Returns the answer of a refused request (RFC 6749 section 5.2). */
export function oauthProblem({ error, description, status = 400, headers }: OAuthError): Response {
  return new Response(JSON.stringify({ error, error_description: ascii(description) }), {
    status,
    headers: { ...HEADERS, ...headers },
  })
}

/** Returns the error for a client that is unknown or did not authenticate. */
export function invalidClient(description: string): OAuthError {
  const headers = { 'www-authenticate': 'Basic realm="latchkey", charset="UTF-8"' }
  return { error: 'invalid_client', description, status: 401, headers }
}

/** Returns the error for a refusal that no endpoint treats in a way of its own. */
export function errorOfRefusal({ code, message, retryAfterMs }: Refusal): OAuthError {
  const headers =
    retryAfterMs === undefined
      ? {}
      : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }
  const description = message
  switch (code) {
    case 'throttled':
      return { error: 'temporarily_unavailable', description, status: 429, headers }
    case 'busy':
    case 'unavailable':
    case 'timeout':
      return { error: 'temporarily_unavailable', description, status: 503, headers }
    case 'internal':
      return { error: 'server_error', description, status: 500 }
    case 'too_large':
      return { error: 'invalid_request', description, status: 413 }
    case 'invalid_request':
    case 'unsupported_type':
      return { error: 'invalid_request', description }
    case 'credentials_invalid':
      return invalidClient(description)
    case 'access_denied':
      return { error: 'access_denied', description }
    default:
      return { error: 'invalid_grant', description }
  }
}

// RFC 6749 allows printable ASCII without `"` and `\` in a description.
function ascii(text: string): string {
  return text
    .replaceAll(/[\u2018\u2019]/g, "'")
    .replaceAll(/["\u201c\u201d]/g, "'")
    .replaceAll(/[^\x20-\x7e]|\\/g, '?')
}
