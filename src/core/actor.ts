import { LatchkeyError } from './errors.ts'

export { canonicalIdentity } from './identity/index.ts'

/** Whether an actor may log in. Suspending an actor ends all its sessions. */
export type ActorStatus = 'active' | 'suspended'

/** What a user types to identify themselves: unique among all actors in canonical form. */
export interface Identity {
  /** Canonical form. */
  readonly value: string
  /** Whether the value is a user name or an e-mail address. */
  readonly kind: 'name' | 'email'
  /**
   * When the actor proved control of the identity (an e-mail address), in epoch milliseconds; null
   * if never.
   */
  readonly verifiedAt: number | null
}

/** An actor: a person, a service or an anonymous actor. Contains no credential. */
export interface Actor {
  /** A lower-case UUID; a directory supplied by the application may use its own keys. */
  readonly id: string
  /** The display name: free text, not unique. */
  readonly name: string
  /** The user names and e-mail addresses that the actor logs in with. */
  readonly identities: readonly Identity[]
  /** The actor's roles, checked by the access lists of commands and by HTTP alike. */
  readonly roles: readonly string[]
  /** Whether the actor may log in. */
  readonly status: ActorStatus
  /** Whether the actor is anonymous: it has no credential and no record in the directory. */
  readonly anonymous: boolean
  /** When the actor was registered, in epoch milliseconds. */
  readonly createdAt: number
}

/** Returns the canonical values of identities. */
export function valuesOf(identities: readonly Identity[] = []): string[] {
  return identities.map(({ value }) => value)
}

/** Throws `invalid_request` for a role that a list separated by white space cannot hold. */
export function checkRoles(roles: readonly string[]): void {
  if (!roles.some((role) => role === '' || /\s/.test(role))) return
  const message = 'must have no white space and at least one character'
  throw new LatchkeyError('invalid_request', `A role ${message}.`, {
    issues: [{ path: 'roles', message }],
  })
}

/** Roles with a special meaning. `*` in a command's access list allows every caller. */
export const ROLES = {
  admin: 'admin',
  impersonate: 'impersonate',
  introspect: 'introspect',
} as const

/**
 * Returns whether an identity is an e-mail address (contains `@`); any other identity is a name.
 */
export function isEmail(identity: string): boolean {
  return identity.includes('@')
}

/**
 * Returns an actor id in its stored form: a UUID of any version in lower case, any other id
 * unchanged.
 */
export function canonicalActorId(id: string): string {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id) ? id.toLowerCase() : id
}

/** Returns the actor of an anonymous session. It is stored only in its session. */
export function anonymousActor(id: string, createdAt: number): Actor {
  return {
    id,
    name: 'Anonymous',
    identities: [],
    roles: [],
    status: 'active',
    anonymous: true,
    createdAt,
  }
}
