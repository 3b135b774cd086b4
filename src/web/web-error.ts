import { ERROR_TABLE, type ErrorCode, LatchkeyError, type Refusal } from '../core/index.ts'

/**
 * An error of a request, with the HTTP status under the names that Express, Koa (`status`, `expose`) and Fastify (`statusCode`) read.
 */
export class WebError extends LatchkeyError {
  /** The HTTP status of the code. */
  readonly status: number
  /** The same as `status`. */
  readonly statusCode: number
  /** Whether the message may be sent to the client: true below 500. */
  readonly expose: boolean

  constructor(
    code: ErrorCode,
    message: string,
    details: ConstructorParameters<typeof LatchkeyError>[2] = {},
  ) {
    super(code, message, details)
    this.status = ERROR_TABLE[code].http
    this.statusCode = this.status
    this.expose = this.status < 500
  }
}

/** Thrown by `authentication` with `onFailure: 'throw'`: no authenticator found a user. */
export class AuthenticationError extends WebError {
  constructor() {
    super('token_missing', 'Could not authenticate request.')
    this.name = 'AuthenticationError'
  }
}

/** Returns the error of a refusal. */
export function webErrorOf({ code, message, ok: _, ...details }: Refusal): WebError {
  return new WebError(code, message, details)
}

/** Returns a `LatchkeyError` as a {@link WebError}, and any other error unchanged. */
export function asWebError(error: unknown): unknown {
  if (!(error instanceof LatchkeyError) || error instanceof WebError) return error
  return new WebError(error.code, error.message, { ...error.details, cause: error })
}
