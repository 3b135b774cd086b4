import { LatchkeyError } from '../errors.ts'
import { PROFILES } from '../session/profile.ts'
import type { NextKey, SigningKeys } from '../token/codec.ts'
import type { AuthorityContext, CallOptions } from './context.ts'

/** How long answers with the public keys may be cached. The door sends it as `max-age`. */
export const KEYS_MAX_AGE_MS = 300_000

/** How long a key is published before it signs: a verifier may have its copy from a cache that had it from another. */
const LEAD_MS = 2 * KEYS_MAX_AGE_MS

/**
 * Publishes the next signing key on every node. It signs once verifiers that cache the keys have it.
 * Tokens signed before stay valid. Throws `invalid_request` if no format signs.
 */
export async function rotateSigningKey(
  context: AuthorityContext,
  options: CallOptions,
): Promise<NextKey> {
  const rotation = { now: context.now(options), keepMs: longestTokenMs(context), leadMs: LEAD_MS }
  const next = await changeKeys(context, (keys) => keys.rotate(rotation), options)
  await auditKey(context, 'signing_key_rotated', next, options)
  return next
}

/**
 * Replaces every signing key at once, because a private key is no longer secret. Throws
 * `invalid_request` if no format signs.
 */
export async function replaceSigningKeys(
  context: AuthorityContext,
  options: CallOptions,
): Promise<NextKey> {
  const rotation = { now: context.now(options), keepMs: longestTokenMs(context) }
  const next = await changeKeys(context, (keys) => keys.replace(rotation), options)
  await auditKey(context, 'signing_keys_replaced', next, options)
  return next
}

/**
 * Rotates signing keys that have reached their maximum age, and removes keys that no valid token is
 * signed with.
 */
export async function maintainSigningKeys(
  context: AuthorityContext,
  options: CallOptions,
): Promise<void> {
  const now = context.now(options)
  for (const keys of context.signingKeys()) {
    const made = await context.write(
      () =>
        keys.maintain({
          now,
          keepMs: longestTokenMs(context),
          leadMs: LEAD_MS,
          rotateAfterMs: context.settings.get('jwt.rotateAfterMs'),
        }),
      (next) => (next === null ? null : { kind: 'signing-keys-changed' }),
      options.signal,
    )
    if (made !== null) await auditKey(context, 'signing_key_rotated', made, options)
  }
}

async function changeKeys(
  context: AuthorityContext,
  change: (keys: SigningKeys) => Promise<NextKey>,
  options: CallOptions,
): Promise<NextKey> {
  const [keys] = context.signingKeys()
  if (keys === undefined)
    throw new LatchkeyError(
      'invalid_request',
      'No token format signs. Register one, such as the JWT codec.',
    )
  return context.write(
    () => change(keys),
    () => ({ kind: 'signing-keys-changed' }),
    options.signal,
  )
}

function auditKey(
  context: AuthorityContext,
  act: 'signing_key_rotated' | 'signing_keys_replaced',
  { kid }: NextKey,
  options: CallOptions,
): Promise<void> {
  const facts = { actor: options.by ?? null, detail: { kid } }
  const entry = context.entry(act, 'ok', facts, options)
  return context.ask(() => context.store.audit.append([entry]))
}

/** Returns the longest life of a token signed now, by the current profiles. */
function longestTokenMs(context: AuthorityContext): number {
  const lives = Object.keys(PROFILES).map((name) => {
    const profile = context.settings.profile(name)
    return profile === null
      ? 0
      : Math.min(profile.tokenMs ?? profile.absoluteMs, profile.absoluteMs)
  })
  return Math.max(...lives)
}
