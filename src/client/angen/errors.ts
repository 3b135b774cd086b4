import { ERROR_TABLE, type ErrorCode, type ErrorDetails, LatchkeyError } from '../../core/errors.ts'

/** A refusal of the server, with its own text. `code` tells the kind, and `details.retryAfterMs` when to retry. */
export class AngenRefusal extends LatchkeyError {
  /** The command that was refused. */
  readonly command: string
  /** The text of the server, such as `Bad authentication`. */
  readonly reason: string

  constructor(code: ErrorCode, command: string, reason: string, details: ErrorDetails = {}) {
    super(code, `${command}: ${reason}`, details)
    this.name = 'AngenRefusal'
    this.command = command
    this.reason = reason
  }
}

/** The codes of the texts that every server of the protocol sends. A Latchkey server also sends the code. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  'Bad authentication': 'credentials_invalid',
  'Bad token': 'token_invalid',
  'No token': 'token_invalid',
  'Unable to generate token': 'actor_suspended',
  'Must be logged in': 'token_missing',
  'You are not logged in': 'token_missing',
  'No clint created, please retry': 'unavailable',
}

/** Returns the refusal of a `system/failure`. */
export function failureOf(command: string, message: Readonly<Record<string, unknown>>) {
  const reason = typeof message['reason'] === 'string' ? message['reason'] : 'refused'
  const seconds = message['retry_after']
  const waits = typeof seconds === 'number' && seconds >= 0
  const details = waits ? { retryAfterMs: seconds * 1000 } : {}
  const said = message['code']
  const known = typeof said === 'string' && Object.hasOwn(ERROR_TABLE, said)
  const code = known ? (said as ErrorCode) : CODES[reason]
  return new AngenRefusal(code ?? (waits ? 'busy' : 'invalid_request'), command, reason, details)
}

/** Returns the refusal of a `system/error`, without the part that may repeat the sent message with its password. */
export function errorIn(command: string, message: Readonly<Record<string, unknown>>) {
  const reason = typeof message['reason'] === 'string' ? message['reason'] : 'refused'
  const said = reason.replace(/ for message [\s\S]*$/, '')
  return new AngenRefusal('invalid_request', command, said)
}
