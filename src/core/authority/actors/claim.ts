import { ROLES } from '../../actor.ts'
import { type Refusal, refuse } from '../../errors.ts'
import type { ProfileName } from '../../session/profile.ts'
import { issueCode, takeCode } from '../codes/one-time-code.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import { reserveCreation } from '../login/attempts.ts'
import { type LoggedIn, loginAs } from '../login/login.ts'
import { type Registration, register } from './registration.ts'

const LIFETIME_MS = 15 * 60_000
/** A server has to be started before the code of a recovery can be used. */
const RECOVERY_LIFETIME_MS = 60 * 60_000

/** The document with the node that created the code. */
const NODE_KEY = 'claim-code-node'

interface ClaimData {
  /** Whether the code was made for a recovery, and also counts where there is an administrator. */
  readonly recovery: boolean
}

/** The options of a claim code. */
export interface ClaimCodeOptions extends CallOptions {
  /** Whether the code is created even if there is an administrator. False by default. */
  readonly recovery?: boolean
  /** The node that prints the code. Another node then gets no code while this one may be valid. */
  readonly node?: string
}

/**
 * Creates the one-time code that claims the first administrator, and replaces an earlier code.
 * Returns null if there is an administrator, unless the code is for a recovery, and if another node
 * has created one. The code has 131 bits and is valid for 15 minutes (one hour for a recovery) and
 * one use; only its hash is stored.
 */
export async function createClaimCode(
  context: AuthorityContext,
  { recovery = false, node, ...options }: ClaimCodeOptions,
): Promise<string | null> {
  if (!recovery && (await hasAdministrator(context))) return null
  if (node !== undefined && !(await reserveForNode(context, node, options))) return null
  const data: ClaimData = { recovery }
  const code = {
    purpose: 'claim',
    subject: 'administrator',
    data,
    lifetimeMs: recovery ? RECOVERY_LIFETIME_MS : LIFETIME_MS,
  } as const
  return (await issueCode(context, code, options)).code
}

/** Returns whether a node may create the code: the first one that asks, until its code expires. */
async function reserveForNode(
  context: AuthorityContext,
  node: string,
  options: CallOptions,
): Promise<boolean> {
  const { documents } = context.store
  const now = context.now(options)
  const found = await context.ask(() => documents.find(NODE_KEY, now))
  if (found !== null && found.value !== node) return false
  const expectedVersion = found?.version ?? 0
  const saved = await context.ask(() =>
    documents.save(NODE_KEY, node, { now, expectedVersion, expiresAt: now + LIFETIME_MS }),
  )
  return saved !== null
}

async function hasAdministrator(context: AuthorityContext): Promise<boolean> {
  const directory = context.store.directory
  const page = await context.ask(() => directory.search({ role: ROLES.admin, limit: 1 }))
  return page.items.length > 0
}

/**
 * The registration of the first administrator, with the claim code and the options of its session.
 */
export interface Claim extends Omit<Registration, 'roles' | 'invitation' | 'vouched'> {
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
    // Throws for an unknown format before the code is used up.
    context.codec(format ?? 'native')
    // A code of 131 bits cannot be guessed. The counter only limits how many audit entries an
    // unauthenticated client can cause; it does not invalidate the code.
    const allowed = await reserveCreation(context, 'code', options)
    if (!allowed.ok) return allowed
    const taken = await takeCode<ClaimData>(context, 'claim', code, options)
    // An administrator may have been registered in another way since the code was made.
    const over = taken?.data.recovery !== true && (await hasAdministrator(context))
    if (taken === null || over) {
      const entry = context.entry('administrator_claimed', wrong.code, {}, options)
      await context.ask(() => context.store.audit.append([entry]))
      return wrong
    }
    const roles = ['user', ROLES.admin]
    const registered = await register(context, { ...registration, roles, vouched: true }, options)
    if (!registered.ok) {
      await taken.putBack()
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
