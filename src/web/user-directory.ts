import { type Actor, type ActorWithCredential, type Directory, ROLES } from '../core/index.ts'
import { IMPERSONATE_SCOPE } from './scopes.ts'
import { type UserLike, userIdOf } from './user.ts'
import type { UserProvider } from './user-provider.ts'

/** Options of {@link userDirectory}. */
export interface UserDirectoryOptions<User extends UserLike> {
  /**
   * The roles of a user in the authority. The scopes by default, and the role `impersonate` for a user with the scope
   * `auth:impersonate_others`.
   */
  readonly roles?: (user: User) => readonly string[]
  /** How long the authority may use a user that it has read, in milliseconds: 60,000 by default. */
  readonly maxAgeMs?: number
}

/**
 * Makes a directory of the users of an application, for `createAuthority({ store, directory: userDirectory(users) })`. Sessions belong
 * to these users, so they can be listed and ended by user. The users stay in the application's table: the directory only reads.
 */
export function userDirectory<User extends UserLike>(
  users: UserProvider<User>,
  { roles = rolesOf, maxAgeMs = 60_000 }: UserDirectoryOptions<User> = {},
): Directory {
  const found = (user: User | null): ActorWithCredential | null =>
    user === null ? null : { actor: actorOf(user, roles(user)), passwordHash: hashOf(user) }
  return {
    maxAgeMs,
    find: async (id) => found(await users.findById(id)),
    findByIdentity: async (identity) => found(await users.findByUsername(identity)),
  }
}

function hashOf(user: UserLike): string | null {
  const hash = user.getHashedPassword()
  return hash === '' ? null : hash
}

function rolesOf(user: UserLike): readonly string[] {
  const scopes = user.getScopes()
  return scopes.includes(IMPERSONATE_SCOPE) ? [...scopes, ROLES.impersonate] : scopes
}

function actorOf(user: UserLike, roles: readonly string[]): Actor {
  return {
    id: userIdOf(user),
    name: user.getDisplayName(),
    identities: [],
    roles,
    status: user.isActive?.() === false ? 'suspended' : 'active',
    anonymous: false,
    createdAt: 0,
  }
}
