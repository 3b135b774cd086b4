/** Whether an actor may log in. Suspending ends every session it has. */
export type ActorStatus = 'active' | 'suspended'

/** Who acts: a person, a service, an anonymous visitor. Holds no credential. */
export interface Actor {
  /** Lower-case UUID; a brought directory may use its own keys. */
  readonly id: string
  /** The name to show; free text, not unique. */
  readonly name: string
  /** What it may type to say who it is, in canonical form: unique among all actors. */
  readonly identities: readonly string[]
  /** What it may do: the access of commands and the roles of HTTP alike. */
  readonly roles: readonly string[]
  readonly status: ActorStatus
  /** A visitor without credential and without a record in the directory. */
  readonly anonymous: boolean
  readonly createdAt: number
}

/** Roles with a meaning of their own. `*` in a command's access means anyone. */
export const ROLES = {
  admin: 'admin',
  impersonate: 'impersonate',
  introspect: 'introspect',
} as const

// Two names must not differ by what nobody sees, nor one turn the line around it over.
const NEVER_IN_IDENTITY = /[\p{Cc}\p{Cs}\p{Co}\p{Cn}\u2028\u2029]|(?![\u200c\u200d])\p{Cf}/u

/**
 * The one form in which an identity is compared and stored: NFC, trimmed, lower-cased.
 * Returns null for what cannot be an identity: empty, over 254 characters, or with control characters or invisible ones
 * (but the joiners, which some scripts need).
 */
export function canonicalIdentity(text: string): string | null {
  const canonical = text.normalize('NFC').trim().toLowerCase().normalize('NFC')
  if (canonical.length === 0 || canonical.length > 254) return null
  return NEVER_IN_IDENTITY.test(canonical) ? null : canonical
}

/** An identity with an `@` is an e-mail address; any other is a name. */
export function isEmail(identity: string): boolean {
  return identity.includes('@')
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
