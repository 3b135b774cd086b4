import type { Refusal } from '../../../core/index.ts'

/** An error with the code that an application's client is told. */
export class MageError extends Error {
  readonly code: string

  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.code = code
  }
}

/** Nobody has that name. On the wire the same as a wrong password. */
export class UserNotFoundError extends MageError {
  constructor(message = 'There is no such user.') {
    super('invalidUsernameOrPassword', message)
  }
}

/** The password is wrong, or what was given is no name or password at all. */
export class InvalidPasswordError extends MageError {
  constructor(message = 'Name or password is wrong.') {
    super('invalidUsernameOrPassword', message)
  }
}

/** The name, or the id, is taken. */
export class UserAlreadyExistsError extends MageError {
  constructor(message = 'There is such a user already.') {
    super('userExists', message)
  }
}

/** The right password of a user who is banned. */
export class UserBannedError extends MageError {
  constructor(message = 'This user is banned.') {
    super('banned', message)
  }
}

const WIRE_CODES: Readonly<Record<string, string>> = {
  internal: 'server',
  credentials_invalid: 'invalidUsernameOrPassword',
  identity_taken: 'userExists',
  actor_suspended: 'banned',
  access_denied: 'auth',
  token_missing: 'auth',
  token_invalid: 'auth',
  session_expired: 'auth',
  session_revoked: 'auth',
}

/** The code that a client of an application is told for a refusal of the house: MAGE's word where it has one. */
export function wireCodeOf(code: string): string {
  return Object.hasOwn(WIRE_CODES, code) ? (WIRE_CODES[code] ?? code) : code
}

/** The error that an application sees for a refusal of the house. */
export function mageErrorOf(refusal: Refusal): MageError {
  const { code, message } = refusal
  if (code === 'credentials_invalid') return new InvalidPasswordError()
  if (code === 'identity_taken') return new UserAlreadyExistsError()
  if (code === 'actor_suspended') return new UserBannedError()
  return new MageError(wireCodeOf(code), message, refusal.cause)
}

const CODE_LIKE = /^[A-Za-z][\w.-]{0,63}$/

/**
 * The code that a client is told for what a command threw: the error's own code, or its message where that reads like one; else
 * `server`, because a sentence about our insides is not for strangers.
 */
export function codeOfThrown(thrown: unknown): string {
  if (typeof thrown === 'string') return CODE_LIKE.test(thrown) ? thrown : 'server'
  if (!(thrown instanceof Error)) return 'server'
  const { code } = thrown as { code?: unknown }
  if (typeof code === 'string' && code !== '') return wireCodeOf(code)
  if (typeof code === 'number') return String(code)
  return CODE_LIKE.test(thrown.message) ? thrown.message : 'server'
}
