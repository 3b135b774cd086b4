import { withinPrefix } from '../core/address.ts'
import type { Attempt } from '../core/index.ts'
import { exchangeOf } from './exchange.ts'
import { type UserLike, userIdOf } from './user.ts'
import { WebError, webErrorOf } from './web-error.ts'

/** A guard that runs after the password was verified. It refuses by throwing; the error is thrown by `login`. */
export type LoginGuard<User extends UserLike = UserLike> = {
  // A method, so that a guard may name the request's type in its framework.
  check(request: object, user: User): unknown
}['check']

/** What a guard before the proof sees of the login. */
export interface GuardedAttempt<User extends UserLike> {
  /** The typed identity. */
  readonly identity: string
  /** Null for an unknown user. */
  readonly user: User | null
}

/**
 * A guard that runs before the password is verified, for unknown users too. It refuses by throwing. It may return what to do when the
 * login has succeeded or was not decided.
 */
export interface EarlyGuard<User extends UserLike = UserLike> {
  /** Always `before`. */
  readonly when: 'before'
  /** Refuses by throwing. May return an `Attempt`, which then receives the outcome of the login. */
  check(request: object, user: User | null, attempt: GuardedAttempt<User>): unknown
}

/** A guard of a login. */
export type AnyGuard<User extends UserLike = UserLike> = LoginGuard<User> | EarlyGuard<User>

/** Thrown by a ready guard: the code `access_denied` or `throttled`, and the name of the guard. */
export class LoginRefused extends WebError {
  /** The guard that refused. */
  readonly guard: string

  constructor(guard: string, message: string) {
    super('access_denied', message)
    this.name = 'LoginRefused'
    this.guard = guard
  }
}

/**
 * A guard that slows down guessing, with the counters and the settings `throttle.*` of the authority: per user and per address, for
 * unknown users too. Throws `throttled`. `LoginManager` runs it by default.
 */
export const throttle: EarlyGuard & {
  check(request: object, user: UserLike | null, attempt: GuardedAttempt<UserLike>): Promise<Attempt>
} = {
  when: 'before',
  async check(request, user, { identity }) {
    const { config, source } = exchangeOf(request)
    const attempt = await config.authority.credentials.reserveAttempt(
      { identity, actorId: user === null ? null : userIdOf(user) },
      source,
    )
    if (!attempt.ok) throw webErrorOf(attempt)
    return attempt
  },
}

/** A guard that refuses a user whose `isActive()` is false. */
export function activeUser(_request: object, user: UserLike): void {
  if (user.isActive?.() === false) throw new LoginRefused('activeUser', 'This account is inactive.')
}

/** A guard that refuses a user whose `isEmailVerified()` is not true, or who has no such method. */
export function verifiedEmail(_request: object, user: UserLike): void {
  if (user.isEmailVerified?.() === true) return
  throw new LoginRefused('verifiedEmail', 'The e-mail address of this account is not confirmed.')
}

/** Makes a guard that refuses addresses outside the given addresses and CIDR prefixes, before the password is verified. */
export function allowAddresses(...allowed: readonly string[]): EarlyGuard {
  return {
    when: 'before',
    check(request) {
      const { address } = exchangeOf(request).source
      if (allowed.some((prefix) => withinPrefix(address, prefix))) return
      throw new LoginRefused('allowAddresses', 'Logins from this address are not allowed.')
    },
  }
}
