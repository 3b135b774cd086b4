import { z } from 'zod'
import { type Actor, LatchkeyError, type Refusal } from '../../core/index.ts'

/** A time on the wire. */
export const time = z.int().min(0).describe('Epoch milliseconds')

/**
 * The shapes of answers, for the reference and for clients. Tests check the answers against them.
 */
export const actorShape = z
  .strictObject({
    id: z.string().describe('A lower-case UUID, or the id of the application'),
    name: z.string().describe('The display name: free text, not unique'),
    identities: z
      .array(
        z.strictObject({
          value: z.string().describe('The canonical form'),
          kind: z.enum(['name', 'email']).describe('A user name or an e-mail address'),
          verifiedAt: time.nullable().describe('When its control was proved; null if never'),
        }),
      )
      .describe('What the actor logs in with'),
    roles: z.array(z.string()).describe('The roles that access lists name'),
    status: z.enum(['active', 'suspended']).describe('Whether the actor may log in'),
    anonymous: z.boolean().describe('Whether the actor exists only in its session'),
    createdAt: time.describe('When the actor was registered, in epoch milliseconds'),
  })
  .meta({ id: 'Actor' })

const session = {
  id: z.string().describe('Public handle: not a secret, and not sufficient for a token'),
  owner: z.string().describe('The id of the actor that owns the session'),
  actsAs: z.string().nullable().describe('Under impersonation the id of the target'),
  parent: z.string().nullable().describe('Under impersonation the id of the session it began in'),
  profile: z.string().describe('The lifetime policy, such as web'),
  door: z.string().describe('The door at which the session was created'),
  roles: z.array(z.string()).describe('The roles that the session has now'),
  anonymous: z.boolean().describe('Whether the owner is an anonymous actor'),
  createdAt: time.describe('When the session was created, in epoch milliseconds'),
  authenticatedAt: time.describe('When the owner last gave a proof, in epoch milliseconds'),
  expiresAt: time.describe('When the session expires unless it is used or renewed before'),
  endsAt: time.describe('The absolute end of the session'),
  generation: z.int().describe('The number of renewals and step-ups'),
  group: z.string().nullable().describe('A label set by the application'),
}

export const sessionShape = z.strictObject(session).meta({ id: 'Session' })

export const sessionListingShape = z
  .strictObject({
    ...session,
    lastUsedAt: time.describe('When the session was last used, in epoch milliseconds'),
    client: z
      .strictObject({
        address: z.string().nullable().describe('The network address'),
        userAgent: z.string().nullable().describe('What the client says that it is'),
        label: z.string().nullable().describe('The name that the owner gave it'),
      })
      .describe('The client that the session was created for'),
    current: z.boolean().describe('Whether it is the session of this request'),
  })
  .meta({ id: 'SessionListing' })

export const whoAmIShape = z
  .strictObject({
    session: sessionShape.describe('The session of the request'),
    actor: actorShape.describe('The actor that the session acts as'),
    impersonator: actorShape.optional().describe('Under impersonation the owner of the session'),
  })
  .meta({ id: 'WhoAmI' })

export const loggedInShape = z
  .strictObject({
    session: sessionShape.describe('The new session'),
    actor: actorShape.describe('The actor that the session acts as'),
    token: z.string().optional().describe('The token; absent where a cookie holds it'),
    renewal: z.string().optional().describe('The renewal code, in profiles that have one'),
  })
  .meta({ id: 'LoggedIn' })

export const auditEntryShape = z
  .strictObject({
    id: z.string().describe('The id of the entry'),
    at: time.describe('When the act took place, in epoch milliseconds'),
    act: z.string().describe('What was done or refused'),
    outcome: z.string().describe('`ok`, or the code of the refusal'),
    actor: z.string().nullable().describe('The acting actor; null for an unauthenticated client'),
    target: z.string().nullable().describe('The actor that the act changed'),
    session: z.string().nullable().describe('The session that the act concerns'),
    door: z.string().nullable().describe('The door of the request'),
    address: z.string().nullable().describe('The client’s address'),
    identityHash: z.string().nullable().describe('A keyed hash of the identity that was typed'),
    detail: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
      .nullable()
      .describe('Further facts, never a secret'),
  })
  .meta({ id: 'AuditEntry' })

/** Returns the shape of a page of a listing. */
export function pageOf(key: string, item: z.ZodType): z.ZodType {
  return z.strictObject({
    [key]: z.array(item).describe('The items of this page'),
    next: z.string().optional().describe('Send it as `after`; absent on the last page'),
  })
}

export const page = {
  limit: z.int().min(1).max(1000).default(100).describe('The size of a page'),
  after: z.string().max(200).optional().describe('The `next` of the previous page'),
}

/**
 * Removes `undefined` values, which zod's optional fields may have and exact optional properties
 * may not.
 */
export function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}

/** Returns the actor. Throws `not_found` for null. */
export function found(actor: Actor | null): { actor: Actor } {
  if (actor === null) throw new LatchkeyError('not_found', 'There is no such actor.')
  return { actor }
}

/** How many sessions ended. */
export const endedShape = z.strictObject({
  ended: z.int().min(0).describe('How many sessions ended'),
})

/** Returns how many sessions ended. */
export function endedCount(ended: readonly unknown[]): { ended: number } {
  return { ended: ended.length }
}

/** Returns the answer of a login. It is the only answer that contains the secrets. */
export function loggedIn(
  outcome:
    | Refusal
    | {
        ok: true
        session: unknown
        actor: unknown
        token: string
        renewal: string | null
      },
) {
  if (!outcome.ok) return outcome
  const { session, actor, token, renewal } = outcome
  return { session, actor, token, ...(renewal === null ? {} : { renewal }) }
}
