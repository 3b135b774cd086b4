import { type Actor, type Authority, valuesOf } from '../core/index.ts'
import type { UserLike } from './user.ts'
import type { UserProvider } from './user-provider.ts'
import { webErrorOf } from './web-error.ts'

/** A user of the authority's own directory. */
export interface DirectoryUser extends UserLike {
  /** The actor in the directory. */
  readonly actor: Actor
}

/**
 * Makes a provider of the users of an authority's directory. Their scopes are their roles. The authority verifies passwords (with its
 * throttle, and rehashes old formats), and a password change ends sessions by the owner's epoch, so no hash is compared. A token is a
 * session token of the authority.
 */
export function directoryUsers(authority: Authority): UserProvider<DirectoryUser> {
  const active = (actor: Actor | null) =>
    actor === null || actor.status !== 'active' ? null : directoryUser(actor)
  return {
    findById: async (id) => active(await authority.actors.find(id)),
    findByUsername: async (name) => active(await authority.actors.findByIdentity(name)),
    async findByToken(token) {
      const check = await authority.authenticate(token)
      if (check.ok) return check.session.anonymous ? null : directoryUser(check.actor)
      if (check.code === 'unavailable') throw webErrorOf(check)
      return null
    },
    passwordFingerprint: () => 'epoch',
    fromActor: directoryUser,
    async verifyLogin({ identity, credential }, source) {
      const proof = { identity, password: credential }
      const verified = await authority.credentials.verifyLogin(proof, source)
      return verified.ok ? { ...verified, user: directoryUser(verified.actor) } : verified
    },
  }
}

const known = new WeakMap<Actor, DirectoryUser>()

function directoryUser(actor: Actor): DirectoryUser {
  const found = known.get(actor)
  if (found !== undefined) return found
  const user: DirectoryUser = {
    actor,
    getId: () => actor.id,
    getDisplayName: () => actor.name,
    getHashedPassword: () => '',
    getScopes: () => actor.roles,
    isActive: () => actor.status === 'active',
    isEmailVerified: () =>
      actor.identities.some(({ kind, verifiedAt }) => kind === 'email' && verifiedAt !== null),
    getUsernames: () => valuesOf(actor.identities),
  }
  known.set(actor, user)
  return user
}
