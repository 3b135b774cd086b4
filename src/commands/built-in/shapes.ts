import { z } from 'zod'
import { type Actor, LatchkeyError, type Refusal } from '../../core/index.ts'

const time = z.int().min(0).describe('Epoch milliseconds')

/** What each answer looks like, for the reference and for clients; tests hold the answers to it. */
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
  id: z.string().describe('Public handle: not a secret, and no token can be made of it'),
  owner: z.string(),
  actsAs: z.string().nullable(),
  parent: z.string().nullable(),
  profile: z.string(),
  door: z.string(),
  roles: z.array(z.string()),
  anonymous: z.boolean(),
  createdAt: time,
  authenticatedAt: time,
  expiresAt: time.describe('When it is over if it is not used or renewed before'),
  endsAt: time.describe('When it is over whatever happens'),
  generation: z.int(),
  group: z.string().nullable().describe('A label of the application'),
}

export const sessionShape = z.strictObject(session).meta({ id: 'Session' })

export const sessionListingShape = z
  .strictObject({
    ...session,
    roles: z.array(z.string()).nullable(),
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

/** A page of a listing. */
export function pageOf(key: string, item: z.ZodType): z.ZodType {
  return z.strictObject({ [key]: z.array(item), next: z.string().optional() })
}

export const page = {
  limit: z.int().min(1).max(1000).default(100),
  after: z.string().max(200).optional(),
}

/** Drops what is `undefined`, which optional fields of zod may hold and exact options may not. */
export function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}

/** The actor, or `not_found`. */
export function found(actor: Actor | null): { actor: Actor } {
  if (actor === null) throw new LatchkeyError('not_found', 'There is no such actor.')
  return { actor }
}

/** What a login answers with: the secrets are in it this once. */
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
