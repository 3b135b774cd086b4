import { z } from 'zod'
import { type Actor, LatchkeyError, type Refusal } from '../../core/index.ts'

const time = z.int().min(0).describe('Epoch milliseconds')

/**
 * The shapes of answers, for the reference and for clients. Tests check the answers against them.
 */
export const actorShape = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    identities: z.array(
      z.strictObject({
        value: z.string(),
        kind: z.enum(['name', 'email']),
        verifiedAt: time.nullable(),
      }),
    ),
    roles: z.array(z.string()),
    status: z.enum(['active', 'suspended']),
    anonymous: z.boolean(),
    createdAt: time,
  })
  .meta({ id: 'Actor' })

const session = {
  id: z.string().describe('Public handle: not a secret, and not sufficient for a token'),
  owner: z.string(),
  actsAs: z.string().nullable(),
  parent: z.string().nullable(),
  profile: z.string(),
  door: z.string(),
  roles: z.array(z.string()),
  anonymous: z.boolean(),
  createdAt: time,
  authenticatedAt: time,
  expiresAt: time.describe('When the session expires unless it is used or renewed before'),
  endsAt: time.describe('The absolute end of the session'),
  generation: z.int(),
  group: z.string().nullable().describe('A label set by the application'),
}

export const sessionShape = z.strictObject(session).meta({ id: 'Session' })

export const sessionListingShape = z
  .strictObject({
    ...session,
    lastUsedAt: time,
    client: z.strictObject({
      address: z.string().nullable(),
      userAgent: z.string().nullable(),
      label: z.string().nullable(),
    }),
    current: z.boolean(),
  })
  .meta({ id: 'SessionListing' })

export const whoAmIShape = z
  .strictObject({ session: sessionShape, actor: actorShape, impersonator: actorShape.optional() })
  .meta({ id: 'WhoAmI' })

export const loggedInShape = z
  .strictObject({
    session: sessionShape,
    actor: actorShape,
    token: z.string().optional(),
    renewal: z.string().optional(),
  })
  .meta({ id: 'LoggedIn' })

/** Returns the shape of a page of a listing. */
export function pageOf(key: string, item: z.ZodType): z.ZodType {
  return z.strictObject({ [key]: z.array(item), next: z.string().optional() })
}

export const page = {
  limit: z.int().min(1).max(1000).default(100),
  after: z.string().max(200).optional(),
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
