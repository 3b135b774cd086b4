import type { SessionView } from '../core/index.ts'
import { type AnonymousUser, anonymousUser, type UserLike, userIdOf } from './user.ts'

/**
 * How the user of a request logged in: not at all, with a proof in this session or request, by the remember-me cookie, or as another
 * user.
 */
export type LoginState = 'anonymous' | 'fresh' | 'remembered' | 'impersonator'

interface TokenParts {
  /** The display name. */
  toString(): string
  /** Whether the user has a scope. */
  has(scope: string): boolean
  /** The display name of the user. */
  readonly displayName: string
  /** The scopes of the user. */
  readonly scopes: readonly string[]
}

/** The token of a request with a login. */
export interface AuthenticatedToken<User extends UserLike = UserLike> extends TokenParts {
  /** True: the request has a login. */
  readonly isAuthenticated: true
  /** False: the request has a login. */
  readonly isAnonymous: false
  /** The id of the user, as text. */
  readonly userId: string
  /** The user, as the provider returned it. */
  readonly user: User
  /** How the user logged in. */
  readonly state: Exclude<LoginState, 'anonymous'>
  /** The id of the user that acts as `user`; null without an impersonation. */
  readonly originalUserId: string | null
  /** The session, with its public handle; null for a login by an API token or by HTTP Basic. */
  readonly session: SessionView | null
}

/** The token of a request without a login. */
export interface AnonymousToken extends TokenParts {
  /** False: the request has no login. */
  readonly isAuthenticated: false
  /** True: the request has no login. */
  readonly isAnonymous: true
  /** Null: there is no user. */
  readonly userId: null
  /** The anonymous user. */
  readonly user: AnonymousUser
  /** Always `anonymous`. */
  readonly state: 'anonymous'
  /** Null: there is no user. */
  readonly originalUserId: null
  /** Null: there is no login. */
  readonly session: null
}

/**
 * Who made a request. An object is always truthy in JavaScript, so do not write `if (token)`: `if (token.isAuthenticated)` narrows the
 * type, and `const user = await manager.loginOrNull(…)` needs no narrowing.
 */
export type UserToken<User extends UserLike = UserLike> = AuthenticatedToken<User> | AnonymousToken

/** The token of every request without a login. */
export const anonymousToken: AnonymousToken = Object.freeze({
  isAuthenticated: false,
  isAnonymous: true,
  userId: null,
  user: anonymousUser,
  displayName: 'Anonymous',
  scopes: [],
  state: 'anonymous',
  originalUserId: null,
  session: null,
  has: () => false,
  toString: () => 'Anonymous',
})

/** Makes the token of a request with a login. */
export function userToken<User extends UserLike>(
  user: User,
  options: {
    readonly state: Exclude<LoginState, 'anonymous'>
    readonly session?: SessionView | null
    readonly originalUserId?: string | null
  },
): AuthenticatedToken<User> {
  return new LoginToken(
    user,
    options.state,
    options.session ?? null,
    options.originalUserId ?? null,
  )
}

// A class, because a token is made at every request.
class LoginToken<User extends UserLike> implements AuthenticatedToken<User> {
  readonly isAuthenticated = true
  readonly isAnonymous = false
  readonly user: User
  readonly state: Exclude<LoginState, 'anonymous'>
  readonly session: SessionView | null
  readonly originalUserId: string | null

  constructor(
    user: User,
    state: Exclude<LoginState, 'anonymous'>,
    session: SessionView | null,
    originalUserId: string | null,
  ) {
    this.user = user
    this.state = state
    this.session = session
    this.originalUserId = originalUserId
  }

  get userId(): string {
    return userIdOf(this.user)
  }

  get displayName(): string {
    return this.user.getDisplayName()
  }

  get scopes(): readonly string[] {
    return this.user.getScopes()
  }

  has(scope: string): boolean {
    return this.user.getScopes().includes(scope)
  }

  toString(): string {
    return this.user.getDisplayName()
  }
}
