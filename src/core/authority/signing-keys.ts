import { LatchkeyError } from '../errors.ts'
import { PROFILES } from '../session/profile.ts'
import type { AuthorityContext, CallOptions } from './context.ts'

/**
 * Activates a new signing key on every node, and returns its id. Tokens signed before stay valid.
 * Throws `invalid_request` if no format signs. At most 100 keys are kept: the oldest is removed.
 */
export async function rotateSigningKey(
  context: AuthorityContext,
  options: CallOptions,
): Promise<string> {
  const [keys] = context.signingKeys()
  if (keys === undefined)
    throw new LatchkeyError(
      'invalid_request',
      'No token format signs. Register one, such as the JWT codec.',
    )
  const now = context.now(options)
  const kid = await context.write(
    () => keys.rotate({ now, keepMs: longestTokenMs(context) }),
    () => ({ kind: 'signing-keys-changed' }),
    options.signal,
  )
  await auditRotation(context, kid, options.by ?? null, options)
  return kid
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
          rotateAfterMs: context.settings.get('jwt.rotateAfterMs'),
        }),
      (kid) => (kid === null ? null : { kind: 'signing-keys-changed' }),
      options.signal,
    )
    if (made !== null) await auditRotation(context, made, null, options)
  }
}

function auditRotation(
  context: AuthorityContext,
  kid: string,
  by: string | null,
  options: CallOptions,
): Promise<void> {
  const entry = context.entry('signing_key_rotated', 'ok', { actor: by, detail: { kid } }, options)
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
