import { ROLES } from '../../actor.ts'
import { type Refusal, refuse } from '../../errors.ts'
import type { ProfileName } from '../../session/profile.ts'
import { hashSecret, randomText, sameDigest } from '../../token/secret.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import { reserveCreation } from '../login/attempts.ts'
import { type LoggedIn, loginAs } from '../login/login.ts'
import { type Registration, register } from './actors.ts'

const KEY = 'claim'
const DONE = 'claimed'
const LIFETIME_MS = 15 * 60_000

/**
 * Creates the one-time code that claims the first administrator, and replaces an earlier code.
 * Returns null if there is an administrator. The code has 131 bits and is valid for 15 minutes and
 * one use; only its hash is stored.
 */
export async function createClaimCode(
  context: AuthorityContext,
  options: CallOptions,
): Promise<string | null> {
  const now = context.now(options)
  const found = await context.ask(() => context.store.documents.find(KEY, now))
  if (await hasAdministrator(context)) return null
  const code = randomText(22)
  const value = hashSecret(code)
  const saved = await context.ask(() =>
    context.store.documents.save(KEY, value, {
      now,
      expectedVersion: found?.version ?? 0,
      expiresAt: now + LIFETIME_MS,
    }),
  )
  return saved === null ? createClaimCode(context, options) : code
}

async function hasAdministrator(context: AuthorityContext): Promise<boolean> {
  const directory = context.store.directory
  const page = await context.ask(() => directory.search({ role: ROLES.admin, limit: 1 }))
  return page.items.length > 0
}

/**
 * The registration of the first administrator, with the claim code and the options of its session.
 */
export interface Claim extends Registration {
  /** The single-use code that the server printed. */
  readonly code: string
  /** `web` by default. */
  readonly profile?: ProfileName
  /** The token's format; `native` by default. */
  readonly format?: string
}

/**
 * Registers the first administrator with a claim code and logs in. Refuses `credentials_invalid`
 * for a wrong, used or expired code, `throttled`, and the codes of a registration (the claim code
 * then stays valid).
 */
export function claim(
  context: AuthorityContext,
  { code, profile, format, ...registration }: Claim,
  options: CallOptions,
): Promise<LoggedIn | Refusal> {
  return settle(async () => {
    const wrong = refuse(
      'credentials_invalid',
      'The code is wrong, used or expired. Create a new one.',
    )
    const now = context.now(options)
    // Throws for an unknown format before the code is used up.
    context.codec(format ?? 'native')
    // A code of 131 bits cannot be guessed. The counter only limits how many audit entries an
    // unauthenticated client can cause; it does not invalidate the code.
    const allowed = await reserveCreation(context, 'claim', options)
    if (!allowed.ok) return allowed
    const taken = await takeCode(context, code, now)
    if (taken === null) {
      const entry = context.entry('administrator_claimed', wrong.code, {}, options)
      await context.ask(() => context.store.audit.append([entry]))
      return wrong
    }
    const registered = await register(
      context,
      { ...registration, roles: ['user', ROLES.admin] },
      options,
    )
    if (!registered.ok) {
      await context.ask(() =>
        context.store.documents.save(KEY, taken.value, { now, ...taken.putBack }),
      )
      return registered
    }
    const id = registered.actor.id
    const entry = context.entry('administrator_claimed', 'ok', { actor: id }, options)
    await context.ask(() => context.store.audit.append([entry]))
    const session = {
      ...(profile === undefined ? {} : { profile }),
      ...(format === undefined ? {} : { format }),
    }
    return loginAs(context, id, session, options)
  })
}

/** A code that was removed from the store, and a function that restores it. */
interface Taken {
  readonly value: string
  readonly putBack: { readonly expectedVersion: number; readonly expiresAt: number | null }
}

// The code is removed before the account is created, so that two holders of the code cannot both
// become administrator.
async function takeCode(
  context: AuthorityContext,
  code: string,
  now: number,
): Promise<Taken | null> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const found = await context.ask(() => context.store.documents.find(KEY, now))
    if (found === null || found.value === DONE) return null
    if (!sameDigest(found.value, hashSecret(code))) return null
    const saved = await context.ask(() =>
      context.store.documents.save(KEY, DONE, {
        now,
        expectedVersion: found.version,
        expiresAt: null,
      }),
    )
    if (saved === null) continue
    return {
      value: found.value,
      putBack: { expectedVersion: saved, expiresAt: found.expiresAt },
    }
  }
  return null
}
