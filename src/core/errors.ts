/**
 * The closed set of error codes with their HTTP status, gRPC status, WebSocket close code and exit
 * code. Every door uses this table.
 */
export const ERROR_TABLE = {
  invalid_request: { http: 400, grpc: 'INVALID_ARGUMENT', close: 1008, exit: 64 },
  token_missing: { http: 401, grpc: 'UNAUTHENTICATED', close: 4401, exit: 77 },
  token_invalid: { http: 401, grpc: 'UNAUTHENTICATED', close: 4401, exit: 65 },
  session_expired: { http: 401, grpc: 'UNAUTHENTICATED', close: 4401, exit: 65 },
  session_revoked: { http: 401, grpc: 'UNAUTHENTICATED', close: 4401, exit: 65 },
  credentials_invalid: { http: 401, grpc: 'UNAUTHENTICATED', close: 4401, exit: 77 },
  factor_required: { http: 401, grpc: 'UNAUTHENTICATED', close: 4401, exit: 77 },
  step_up_required: { http: 401, grpc: 'PERMISSION_DENIED', close: 4403, exit: 77 },
  access_denied: { http: 403, grpc: 'PERMISSION_DENIED', close: 4403, exit: 77 },
  origin_refused: { http: 403, grpc: 'PERMISSION_DENIED', close: 4403, exit: 77 },
  actor_suspended: { http: 403, grpc: 'PERMISSION_DENIED', close: 4403, exit: 77 },
  not_found: { http: 404, grpc: 'NOT_FOUND', close: 4404, exit: 66 },
  identity_taken: { http: 409, grpc: 'ALREADY_EXISTS', close: 4409, exit: 73 },
  session_limit: { http: 409, grpc: 'RESOURCE_EXHAUSTED', close: 4409, exit: 75 },
  conflict: { http: 409, grpc: 'ABORTED', close: 4409, exit: 75 },
  too_large: { http: 413, grpc: 'RESOURCE_EXHAUSTED', close: 1009, exit: 65 },
  unsupported_type: { http: 415, grpc: 'INVALID_ARGUMENT', close: 1003, exit: 65 },
  password_refused: { http: 422, grpc: 'INVALID_ARGUMENT', close: 4422, exit: 65 },
  throttled: { http: 429, grpc: 'RESOURCE_EXHAUSTED', close: 4429, exit: 75 },
  internal: { http: 500, grpc: 'INTERNAL', close: 1011, exit: 70 },
  busy: { http: 503, grpc: 'UNAVAILABLE', close: 1013, exit: 75 },
  unavailable: { http: 503, grpc: 'UNAVAILABLE', close: 1013, exit: 69 },
  timeout: { http: 504, grpc: 'DEADLINE_EXCEEDED', close: 1013, exit: 75 },
} as const

/** An error code: a key of {@link ERROR_TABLE}. */
export type ErrorCode = keyof typeof ERROR_TABLE

/** The proof that a session needs before a request is allowed (RFC 9470, section 3). */
export interface ProofChallenge {
  /** The maximum age of the last proof, in milliseconds; sent as `max_age`, in seconds. */
  readonly maxAgeMs?: number
  /** The assurance levels that would do, such as `aal2`; sent as `acr_values`. */
  readonly acrValues?: readonly string[]
}

/** A session that a login over the limit may end. */
export interface EndableSession {
  /** The public handle, for `endSession` of the next login. */
  readonly id: string
  /** When it was created, in epoch milliseconds. */
  readonly createdAt: number
  /** When it was last used, in epoch milliseconds. */
  readonly lastUsedAt: number
  /** Where the session was created from. */
  readonly client: {
    readonly address: string | null
    readonly userAgent: string | null
    readonly label: string | null
  }
}

/** The details of an error. Never contain a secret, a token, a password or a stack. */
export interface ErrorDetails {
  /** How long to wait before trying again, in milliseconds; sent as `Retry-After`. */
  retryAfterMs?: number
  /** The refused inputs with the reason, by path: `password: too short`. */
  issues?: readonly { path: string; message: string }[]
  /**
   * Why, in one word: for `session_revoked` why the session ended, for `access_denied` `anonymous`, for
   * `conflict` `last_administrator`.
   */
  reason?: string
  /** What would satisfy the request, for `step_up_required`. */
  challenge?: ProofChallenge
  /** The live sessions of the actor that may be ended, for `session_limit`: at most 100, newest first. */
  sessions?: readonly EndableSession[]
  cause?: unknown
}

/** The only error class of the library: an error code, a message for people, details. */
export class LatchkeyError extends Error {
  /** What happened, as one of the closed set of codes. */
  readonly code: ErrorCode
  /** Further facts, such as the refused inputs or how long to wait. */
  readonly details: Omit<ErrorDetails, 'cause'>

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    const { cause, ...rest } = details
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'LatchkeyError'
    this.code = code
    this.details = rest
  }
}

/**
 * An expected refusal as a value: what `authenticate`, `login` and similar methods return instead
 * of throwing.
 */
export interface Refusal extends ErrorDetails {
  /** False: the call was refused. */
  ok: false
  /** Why the call was refused, as one of the closed set of codes. */
  code: ErrorCode
  /** What happened and what to do, in English. Contains no input of the caller. */
  message: string
}

/** Returns a {@link Refusal}. */
export function refuse(code: ErrorCode, message: string, details: ErrorDetails = {}): Refusal {
  return { ok: false, code, message, ...details }
}

/**
 * Returns the refusal of an error: a `LatchkeyError` keeps its code and its cause, any other error
 * becomes `internal` and is the cause. No door sends the cause to a client.
 */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof LatchkeyError) {
    const { cause } = error
    const details = cause === undefined ? error.details : { ...error.details, cause }
    return refuse(error.code, error.message, details)
  }
  return refuse('internal', 'An internal error occurred. Try again later.', { cause: error })
}

/** Returns the error of a refusal, for callers that throw. */
export function errorOf(refusal: Refusal): LatchkeyError {
  const { code, message, ok: _, ...details } = refusal
  return new LatchkeyError(code, message, details)
}
