import { ERROR_TABLE, type ErrorCode, type Refusal } from '../../core/index.ts'

const TITLES: Record<ErrorCode, string> = {
  invalid_request: 'Invalid request',
  token_missing: 'Token missing',
  token_invalid: 'Token invalid',
  session_expired: 'Session expired',
  session_revoked: 'Session revoked',
  credentials_invalid: 'Credentials invalid',
  access_denied: 'Access denied',
  origin_refused: 'Origin refused',
  actor_suspended: 'Account suspended',
  step_up_required: 'Fresh proof required',
  not_found: 'Not found',
  identity_taken: 'Identity taken',
  session_limit: 'Too many sessions',
  conflict: 'Conflict',
  too_large: 'Too large',
  unsupported_type: 'Unsupported type',
  password_refused: 'Password refused',
  throttled: 'Too many attempts',
  internal: 'Internal error',
  busy: 'Busy',
  unavailable: 'Unavailable',
  timeout: 'Timed out',
}

const DEAD_TOKEN: ReadonlySet<ErrorCode> = new Set([
  'token_invalid',
  'session_expired',
  'session_revoked',
])

/** A refusal as `application/problem+json` (RFC 9457), with `code` and, where one applies, `Retry-After`. */
export function problem(refusal: Refusal, headers: Record<string, string> = {}): Response {
  const { code, message, issues, reason, retryAfterMs } = refusal
  const status = ERROR_TABLE[code].http
  const body = {
    type: `urn:latchkey:error:${code}`,
    title: TITLES[code],
    status,
    code,
    detail: message,
    ...(issues === undefined ? {} : { issues }),
    ...(reason === undefined ? {} : { reason }),
  }
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(retryAfterMs === undefined
        ? {}
        : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }),
      ...(status === 401 ? { 'www-authenticate': challenge(code) } : {}),
      ...headers,
    },
  })
}

// RFC 9110 section 15.5.2 wants one with every 401; RFC 6750 section 3 an error only for a token that was brought.
function challenge(code: ErrorCode): string {
  return DEAD_TOKEN.has(code)
    ? 'Bearer realm="latchkey", error="invalid_token"'
    : 'Bearer realm="latchkey"'
}
