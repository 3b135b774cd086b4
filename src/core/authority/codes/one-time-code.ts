import { ROLES } from '../../actor.ts'
import type { Epochs } from '../../ports/index.ts'
import { hashSecret, randomText, sameDigest } from '../../token/secret.ts'
import type { AuthorityContext, CallOptions } from '../context.ts'

/**
 * What a one-time code is good for: the registration of the first administrator, a registration by
 * invitation, or a new password for one actor.
 */
export type CodePurpose = 'claim' | 'invitation' | 'password-reset'

/** A new one-time code. The code is returned only this once; the store has its hash. */
export interface IssuedCode {
  /** The code, of 22 letters and digits. */
  readonly code: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

/** A valid code as it is stored. */
export interface FoundCode<Data> {
  readonly data: Data
  readonly expiresAt: number | null
}

/** A code that was used up. */
export interface TakenCode<Data> extends FoundCode<Data> {
  /** Makes the code valid again, for an act that was refused after the code was taken. */
  putBack(): Promise<void>
}

interface StoredCode<Data> {
  readonly hash: string
  readonly data: Data
  readonly issuer: Issuer | null
}

/** The administrator that made a code, with the epochs of that time. */
interface Issuer {
  readonly actor: string
  readonly epochs: Epochs
}

// A code leads to its subject, whose document decides: so a newer code of a subject replaces an
// older one, and one conditional write uses a code up.
const subjectKey = (purpose: CodePurpose, subject: string) => `one-time/${purpose}/${subject}`
const hashKey = (purpose: CodePurpose, hash: string) => `one-time-code/${purpose}/${hash}`

/**
 * Creates a one-time code of 131 bits, and replaces an earlier code of the same subject. Without a
 * subject any number of codes are valid at the same time. A code of an administrator (`by`) is valid
 * while it is an active administrator and neither its password nor an epoch has changed.
 */
export async function issueCode(
  context: AuthorityContext,
  {
    purpose,
    subject,
    data,
    lifetimeMs,
  }: {
    readonly purpose: CodePurpose
    readonly subject?: string
    readonly data: unknown
    readonly lifetimeMs: number
  },
  options: CallOptions,
): Promise<IssuedCode> {
  const { documents } = context.store
  const now = context.now(options)
  const expiresAt = now + lifetimeMs
  const code = randomText(22)
  const hash = hashSecret(code)
  const of = subject ?? hash
  const issuer = await issuerOf(context, options)
  const value = JSON.stringify({ hash, data, issuer })
  await context.ask(() => documents.save(hashKey(purpose, hash), of, { now, expiresAt }))
  await context.ask(() => documents.save(subjectKey(purpose, of), value, { now, expiresAt }))
  return { code, expiresAt }
}

/** Returns what a valid code is stored with, and leaves it valid; null for a wrong, used, replaced or expired code. */
export async function findCode<Data>(
  context: AuthorityContext,
  purpose: CodePurpose,
  code: string,
  options: CallOptions,
): Promise<FoundCode<Data> | null> {
  return (await read<Data>(context, purpose, code, context.now(options)))?.found ?? null
}

/**
 * Uses a code up: of many concurrent callers one gets it. Returns null for a wrong, used, replaced or
 * expired code.
 */
export async function takeCode<Data>(
  context: AuthorityContext,
  purpose: CodePurpose,
  code: string,
  options: CallOptions,
): Promise<TakenCode<Data> | null> {
  const { documents } = context.store
  const now = context.now(options)
  const stored = await read<Data>(context, purpose, code, now)
  if (stored === null) return null
  const { key, value, version, found } = stored
  const taking = { now, expectedVersion: version }
  if (!(await context.ask(() => documents.remove(key, taking)))) return null
  return {
    ...found,
    async putBack() {
      const { expiresAt } = found
      await context.ask(() => documents.save(key, value, { now, expectedVersion: 0, expiresAt }))
    },
  }
}

async function read<Data>(
  context: AuthorityContext,
  purpose: CodePurpose,
  code: string,
  now: number,
) {
  const { documents } = context.store
  const hash = hashSecret(code)
  const lead = await context.ask(() => documents.find(hashKey(purpose, hash), now))
  if (lead === null) return null
  const key = subjectKey(purpose, lead.value)
  const document = await context.ask(() => documents.find(key, now))
  if (document === null) return null
  const { value, version, expiresAt } = document
  const stored = JSON.parse(value) as StoredCode<Data>
  if (!sameDigest(stored.hash, hash)) return null
  if (stored.issuer !== null && !(await isStillTrusted(context, stored.issuer, now))) return null
  return { key, value, version, found: { data: stored.data, expiresAt } }
}

async function issuerOf(context: AuthorityContext, options: CallOptions): Promise<Issuer | null> {
  const { by = null } = options
  if (by === null) return null
  return { actor: by, epochs: await context.ask(() => context.store.sessions.findEpochs(by)) }
}

async function isStillTrusted(
  context: AuthorityContext,
  { actor, epochs }: Issuer,
  now: number,
): Promise<boolean> {
  const current = await context.ask(() => context.store.sessions.findEpochs(actor))
  if (current.owner !== epochs.owner || current.global !== epochs.global) return false
  return (await context.findActor(actor, now))?.actor.roles.includes(ROLES.admin) === true
}
