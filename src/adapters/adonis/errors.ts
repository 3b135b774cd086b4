import type { ResponseContext } from './http-context.ts'

/** An error that AdonisJS's exception handler renders: by `Accept` as JSON, as JSON:API or as text. */
abstract class HttpError extends Error {
  abstract readonly status: number
  abstract readonly code: string

  /** Called by AdonisJS's exception handler. The text may be translated under `errors.CODE`. */
  handle(error: HttpError, ctx: ResponseContext): unknown {
    const { status, code } = error
    const { i18n } = ctx as { i18n?: { t(key: string, data: object, fallback: string): string } }
    const message = i18n?.t(`errors.${code}`, {}, error.message) ?? error.message
    if (status === 401) ctx.response.header('WWW-Authenticate', 'Bearer')
    ctx.response.status(status)
    switch (ctx.request.accepts(['html', 'application/vnd.api+json', 'json'])) {
      case 'json':
        return ctx.response.send({ errors: [{ message }] })
      case 'application/vnd.api+json':
        return ctx.response.send({ errors: [{ code, title: message }] })
      default:
        return ctx.response.send(message)
    }
  }
}

/**
 * The request has no valid session: 401 `E_INVALID_SESSION`. The message is the manager's `invalidMessage`, whatever the cause.
 * The error contains no token.
 */
export class InvalidSessionError extends HttpError {
  /** The name of the class, for logs. */
  override readonly name = 'InvalidSessionError'
  /** The HTTP status of the answer. */
  readonly status = 401
  /** The code that AdonisJS renders and translates. */
  readonly code = 'E_INVALID_SESSION'
}

/** The user has as many sessions as allowed, and the manager's `onLimit` is `refuse`: 409 `E_SESSION_LIMIT`. */
export class SessionLimitError extends HttpError {
  /** The name of the class, for logs. */
  override readonly name = 'SessionLimitError'
  /** The HTTP status of the answer. */
  readonly status = 409
  /** The code that AdonisJS renders and translates. */
  readonly code = 'E_SESSION_LIMIT'
}
