import type { Actor, CallOptions, Refusal, VerifiedLogin } from '../core/index.ts'
import { type UserLike, userIdOf } from './user.ts'

/** A value, or a promise of it. */
export type Awaitable<T> = T | Promise<T>

/** A login to verify by a provider itself. */
export interface ProviderLogin {
  /** What the user typed to identify itself. */
  readonly identity: string
  /** The password. */
  readonly credential: string
}

/** Finds the users of an application. A method returns null if there is no such user, and throws if the look-up fails. */
export interface UserProvider<User extends UserLike = UserLike> {
  /** Finds a user by its id, as text. */
  findById(id: string): Awaitable<User | null>
  /** Finds a user by what it types to log in: a user name or an e-mail address. */
  findByUsername(name: string): Awaitable<User | null>
  /** Finds the owner of an API token. */
  findByToken?(token: string): Awaitable<User | null>
  /**
   * The text that changes with the user's password; the stored hash by default. Give it if the application replaces stored hashes
   * of unchanged passwords: a counter of password changes, for example.
   */
  passwordFingerprint?(user: User): string
  /** Returns the user of a session's actor without a look-up, for users of the authority's own directory. */
  fromActor?(actor: Actor): User
  /** Verifies a login in place of the password verifier, for users whose hashes are not readable. */
  verifyLogin?(
    login: ProviderLogin,
    source: CallOptions,
  ): Promise<(VerifiedLogin & { readonly user: User }) | Refusal>
}

/**
 * Makes a provider of users in memory, with separate indexes of ids, user names (`getUsernames`) and tokens (`getTokens`). A user without
 * `getUsernames` is found by its `username` and `email`, if it has these fields, else by its display name. Throws `TypeError` if two
 * users have the same id, name or token.
 */
export function inMemoryUsers<User extends UserLike>(list: readonly User[]): UserProvider<User> {
  const byId = new Map<string, User>()
  const byName = new Map<string, User>()
  const byToken = new Map<string, User>()
  for (const user of list) {
    add(byId, userIdOf(user), user, 'id')
    for (const name of usernamesOf(user)) add(byName, name, user, 'user name')
    for (const token of user.getTokens?.() ?? []) add(byToken, token, user, 'token')
  }
  return {
    findById: (id) => byId.get(id) ?? null,
    findByUsername: (name) => byName.get(name) ?? null,
    findByToken: (token) => byToken.get(token) ?? null,
  }
}

function usernamesOf(user: UserLike): readonly string[] {
  if (user.getUsernames !== undefined) return user.getUsernames()
  const fields = [Reflect.get(user, 'username'), Reflect.get(user, 'email')]
  const names = fields.filter((name) => typeof name === 'string')
  return names.length > 0 ? names : [user.getDisplayName()]
}

function add<User>(index: Map<string, User>, key: string, user: User, what: string): void {
  if (index.has(key)) {
    throw new TypeError(`Two users have the same ${what}. Each ${what} must be of one user.`)
  }
  index.set(key, user)
}
