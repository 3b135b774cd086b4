import { Metadata, type StatusObject, status as statusCodes } from '@grpc/grpc-js'
import { refuse } from '../../core/errors.ts'
import { ERROR_TABLE, type ErrorCode, LatchkeyError, type Refusal } from '../../core/index.ts'

const DEAD_TOKEN = {
  name: 'ErrorSessionTokenInvalid',
  message: 'Invalid JWT Token, please reauthenticate.',
}

/** What Polykey calls the error, and says with it, where it has one. */
const POLYKEY: Partial<Record<ErrorCode, { readonly name: string; readonly message?: string }>> = {
  token_missing: {
    name: 'ErrorClientJWTTokenNotProvided',
    message: 'JWT Token not provided in metadata',
  },
  token_invalid: DEAD_TOKEN,
  session_expired: DEAD_TOKEN,
  session_revoked: DEAD_TOKEN,
  credentials_invalid: { name: 'ErrorPassword' },
}

/** A refusal that has a name of its own on the wire, which the code alone does not say. */
export class NamedError extends LatchkeyError {
  constructor(name: string, code: ErrorCode, message: string) {
    super(code, message)
    this.name = name
  }
}

/**
 * A refusal as the status of a call: the code of the table, and in the trailing metadata `latchkey-code`, `name`, `message`, `reason`,
 * `retry-after-ms`, `max-age-ms`, `acr-values` and `sessions` (the ids that a login over the limit may end), as far as there are any.
 * Texts are percent-encoded and bounded.
 */
export function statusOf(refusal: Refusal, name?: string): StatusObject {
  const { code, message, reason, retryAfterMs, challenge, sessions = [] } = refusal
  const polykey = POLYKEY[code]
  const told = name ?? polykey?.name
  const metadata = new Metadata()
  metadata.set('latchkey-code', code)
  if (told !== undefined) metadata.set('name', told)
  metadata.set('message', headerText(polykey?.message ?? message))
  if (reason !== undefined) metadata.set('reason', headerText(reason))
  if (retryAfterMs !== undefined) metadata.set('retry-after-ms', String(Math.ceil(retryAfterMs)))
  if (challenge?.maxAgeMs !== undefined) metadata.set('max-age-ms', String(challenge.maxAgeMs))
  if (challenge?.acrValues !== undefined) {
    metadata.set('acr-values', headerText(challenge.acrValues.join(' ')))
  }
  // Metadata is limited to 8 KiB, so only ids are sent.
  const ids = sessions.slice(0, 50).map(({ id }) => id)
  if (ids.length > 0) metadata.set('sessions', ids.join(','))
  return { code: statusCodes[ERROR_TABLE[code].grpc], details: bounded(message), metadata }
}

/** Why a connection was closed, as a refusal. */
export function refusalOfEnd(reason: string): Refusal {
  if (reason === 'server_closing') return refuse('unavailable', 'The server is closing.')
  if (reason === 'send_failed') return refuse('too_large', 'Too many events were left unread.')
  if (reason === 'expired')
    return refuse('session_expired', 'The session has expired. Log in again.')
  return refuse('session_revoked', 'The session has ended. Log in again.', { reason })
}

/** The longest text of a trailer, in characters. Clients bound the trailers that they accept, to 8 KiB in all by default. */
const MAX_TEXT = 512

function bounded(text: string): string {
  // A lone surrogate has no encoding, and grpc-js would throw.
  return text.slice(0, MAX_TEXT).toWellFormed()
}

// Metadata is of printable ASCII: the rest and `%` are percent-encoded, as in `grpc-message`.
function headerText(text: string): string {
  return bounded(text).replace(/[^\x20-\x7e]|%/gu, encodeURIComponent)
}
