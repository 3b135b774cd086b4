import { ERROR_TABLE, type ErrorCode, type ErrorDetails, LatchkeyError } from '../../core/errors.ts'

/** What the server refused, in its own words. Its code says what to do about it; `details.retryAfterMs` when to ask again. */
export class AngenRefusal extends LatchkeyError {
  /** The command that was refused. */
  readonly command: string
  /** What the server said: `Bad authentication`. */
  readonly reason: string

  constructor(code: ErrorCode, command: string, reason: string, details: ErrorDetails = {}) {
    super(code, `${command}: ${reason}`, details)
    this.name = 'AngenRefusal'
    this.command = command
    this.reason = reason
  }
}

/** The codes of reasons that every server gives; ours also says the code. */
const CODES: Readonly<Record<string, ErrorCode>> = {
  'Bad authentication': 'credentials_invalid',
  'Bad token': 'token_invalid',
  'No token': 'token_invalid',
  'Unable to generate token': 'actor_suspended',
  'Must be logged in': 'token_missing',
  'You are not logged in': 'token_missing',
  'No clint created, please retry': 'unavailable',
}

/** The refusal in a `system/failure`. */
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

/** The refusal in a `system/error`. What it may repeat of the message that was sent, a password with it, is left out. */
export function errorIn(command: string, message: Readonly<Record<string, unknown>>) {
  const reason = typeof message['reason'] === 'string' ? message['reason'] : 'refused'
  const said = reason.replace(/ for message [\s\S]*$/, '')
  return new AngenRefusal('invalid_request', command, said)
}
