import { LatchkeyError, type Refusal } from '../../../core/index.ts'

/** An error with the code that the client receives. */
export class MageError extends Error {
  /** The code that the client receives. */
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.code = code
  }
}

/** There is no user of that name. Its code is that of a wrong password. */
export class UserNotFoundError extends MageError {
  constructor(message = 'There is no such user.') {
    super('invalidUsernameOrPassword', message)
  }
}

/** The password is wrong, or the user name or the password is not a string. */
export class InvalidPasswordError extends MageError {
  constructor(message = 'The user name or the password is wrong.') {
    super('invalidUsernameOrPassword', message)
  }
}

/** The user name or the id is taken. */
export class UserAlreadyExistsError extends MageError {
  constructor(message = 'The user already exists.') {
    super('userExists', message)
  }
}

/** The password is right, but the user is banned. */
export class UserBannedError extends MageError {
  constructor(message = 'The user is banned.') {
    super('banned', message)
  }
}

/**
 * Returns what a callback receives for an error: the code as a text, as MAGE passes `'banned'`, which applications compare. An error
 * of the three classes that MAGE itself has, and any error that is no `MageError`, is passed as it is.
 */
export function callbackErrorOf(error: unknown): unknown {
  if (!(error instanceof MageError)) return error
  const hasClass =
    error instanceof UserNotFoundError ||
    error instanceof InvalidPasswordError ||
    error instanceof UserAlreadyExistsError
  return hasClass ? error : error.code
}

/** The codes of the pipeline and the authority that MAGE's clients know by another name. */
const WIRE_CODES: Readonly<Record<string, string>> = {
  internal: 'server',
  credentials_invalid: 'invalidUsernameOrPassword',
  identity_taken: 'userExists',
  actor_suspended: 'banned',
  factor_required: 'factorRequired',
  access_denied: 'auth',
  token_missing: 'auth',
  token_invalid: 'auth',
  session_expired: 'auth',
  session_revoked: 'auth',
}

/** Returns the code that the client receives for a refusal: MAGE's own where there is one. */
export function wireCodeOf(code: string): string {
  return Object.hasOwn(WIRE_CODES, code) ? (WIRE_CODES[code] ?? code) : code
}

/** Returns the error that an application receives for a refusal of the authority. */
export function mageErrorOf(refusal: Refusal): MageError {
  const { code, message } = refusal
  if (code === 'credentials_invalid') return new InvalidPasswordError()
  if (code === 'identity_taken') return new UserAlreadyExistsError()
  if (code === 'actor_suspended') return new UserBannedError()
  return new MageError(wireCodeOf(code), message, refusal.cause)
}

/** Codes that are the server's fault, and not the client's. */
const OF_THE_SERVER: ReadonlySet<string> = new Set(['internal', 'unavailable', 'busy', 'timeout'])

const OF_THE_CLIENT: ReadonlySet<string> = new Set([
  ...Object.values(WIRE_CODES).filter((code) => code !== 'server'),
  'invalidSession',
])

/** Whether what a command has thrown is a mistake of the client, such as a wrong password. */
export function isClientMistake(thrown: unknown): boolean {
  if (typeof thrown === 'string') return OF_THE_CLIENT.has(thrown)
  if (thrown instanceof LatchkeyError) return !OF_THE_SERVER.has(thrown.code)
  return thrown instanceof MageError && OF_THE_CLIENT.has(thrown.code)
}

const CODE_LIKE = /^[A-Za-z][\w.-]{0,63}$/

/**
 * Returns the code that the client receives for what a command has thrown: the code of the error, or its message where that has the form of
 * a code. It is `server` for anything else, so that a message with internal details is not sent.
 */
export function codeOfThrown(thrown: unknown): string {
  if (typeof thrown === 'string') return CODE_LIKE.test(thrown) ? thrown : 'server'
  if (!(thrown instanceof Error)) return 'server'
  const { code } = thrown as { code?: unknown }
  if (typeof code === 'string' && code !== '') return wireCodeOf(code)
  if (typeof code === 'number') return String(code)
  return CODE_LIKE.test(thrown.message) ? thrown.message : 'server'
}
