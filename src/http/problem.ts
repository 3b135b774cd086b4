import {
  type EndableSession,
  ERROR_TABLE,
  type ErrorCode,
  type ProofChallenge,
  type Refusal,
} from '../core/index.ts'

const TITLES: Record<ErrorCode, string> = {
  invalid_request: 'Invalid request',
  token_missing: 'Token missing',
  token_invalid: 'Token invalid',
  session_expired: 'Session expired',
  session_revoked: 'Session revoked',
  credentials_invalid: 'Credentials invalid',
  factor_required: 'Further factor required',
  step_up_required: 'Fresh proof required',
  access_denied: 'Access denied',
  origin_refused: 'Origin refused',
  actor_suspended: 'Account suspended',
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

const INVALID_TOKEN: ReadonlySet<ErrorCode> = new Set([
  'token_invalid',
  'session_expired',
  'session_revoked',
])

/** The body of a problem (RFC 9457). */
export interface ProblemDetails {
  /** `urn:latchkey:error:` and the code. */
  readonly type: string
  /** The same for every problem of a code. */
  readonly title: string
  readonly status: number
  readonly code: ErrorCode
  /** What happened. */
  readonly detail: string
  /** Which inputs were refused. */
  readonly issues?: readonly { readonly path: string; readonly message: string }[]
  /** Why a session ended. */
  readonly reason?: string
  /** The sessions that a login over the limit may end. */
  readonly sessions?: readonly EndableSession[]
  /** The id of the request, as in the header `X-Request-Id`. */
  readonly requestId?: string
}

/** Returns the body of a problem, without the id of its request. The status is that of the refusal's code by default. */
export function problemDetails(
  { code, message, issues, reason, sessions }: Refusal,
  status: number = ERROR_TABLE[code].http,
): ProblemDetails {
  return {
    type: `urn:latchkey:error:${code}`,
    title: TITLES[code],
    status,
    code,
    detail: message,
    ...(issues === undefined ? {} : { issues }),
    ...(reason === undefined ? {} : { reason }),
    ...(sessions === undefined ? {} : { sessions }),
  }
}

/**
 * Makes an `application/problem+json` response of a refusal (RFC 9457). It has `Retry-After` where the refusal says how long to wait,
 * `WWW-Authenticate` with a 401, `Cache-Control: no-store`, and the given headers. With the id of the request the body has it too.
 */
export function problem(
  refusal: Refusal,
  headers: Readonly<Record<string, string>> = {},
  requestId?: string,
): Response {
  const { retryAfterMs } = refusal
  const details = problemDetails(refusal)
  const all: Record<string, string> = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  }
  if (retryAfterMs !== undefined) {
    all['retry-after'] = String(Math.max(1, Math.ceil(retryAfterMs / 1000)))
  }
  if (details.status === 401) all['www-authenticate'] = authenticateHeader(refusal)
  const body = requestId === undefined ? details : { ...details, requestId }
  return new Response(JSON.stringify(body), {
    status: details.status,
    headers: { ...all, ...headers },
  })
}

/**
 * Returns the value of `WWW-Authenticate` for a refusal with status 401. RFC 9110 section 15.5.2 requires the header with every 401, RFC 6750
 * section 3 an error only where a token was sent. `step_up_required` has the challenge of RFC 9470: the token is still valid.
 */
function authenticateHeader({ code, challenge }: Refusal): string {
  const parameters = ['realm="latchkey"']
  if (INVALID_TOKEN.has(code)) parameters.push('error="invalid_token"')
  if (code === 'step_up_required') {
    parameters.push('error="insufficient_user_authentication"', ...challengeParameters(challenge))
  }
  return `Bearer ${parameters.join(', ')}`
}

function challengeParameters({ maxAgeMs, acrValues }: ProofChallenge = {}): string[] {
  return [
    ...(maxAgeMs === undefined ? [] : [`max_age=${Math.floor(maxAgeMs / 1000)}`]),
    ...(acrValues === undefined ? [] : [`acr_values="${acrValues.join(' ')}"`]),
  ]
}
