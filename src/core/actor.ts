export { canonicalIdentity } from './identity/index.ts'

/** Whether an actor may log in. Suspending ends every session it has. */
export type ActorStatus = 'active' | 'suspended'

/** What a user types to identify itself: unique among all actors in canonical form. */
export interface Identity {
  /** Canonical form. */
  readonly value: string
  readonly kind: 'name' | 'email'
  /** When the actor proved that it is its own (an e-mail address), epoch milliseconds; else null. */
  readonly verifiedAt: number | null
}

/** Who acts: a person, a service, an anonymous visitor. Holds no credential. */
export interface Actor {
  /** Lower-case UUID; a brought directory may use its own keys. */
  readonly id: string
  /** The name to show; free text, not unique. */
  readonly name: string
  readonly identities: readonly Identity[]
  /** What it may do: the access of commands and the roles of HTTP alike. */
  readonly roles: readonly string[]
  readonly status: ActorStatus
  /** A visitor without credential and without a record in the directory. */
  readonly anonymous: boolean
  readonly createdAt: number
}

/** The values of identities. */
export function valuesOf(identities: readonly Identity[] = []): string[] {
  return identities.map(({ value }) => value)
}

/** Roles with a meaning of their own. `*` in a command's access means anyone. */
export const ROLES = {
  admin: 'admin',
  impersonate: 'impersonate',
  introspect: 'introspect',
} as const

/** An identity with an `@` is an e-mail address; any other is a name. */
export function isEmail(identity: string): boolean {
  return identity.includes('@')
}

/** An id as it is kept: a UUID of any version in lower case, any other id as it is. */
export function canonicalActorId(id: string): string {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id) ? id.toLowerCase() : id
}

/** The actor behind an anonymous session: it lives in its session alone. */
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
