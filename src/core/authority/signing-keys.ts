import { LatchkeyError } from '../errors.ts'
import { PROFILES } from '../session/profile.ts'
import type { CallOptions, House } from './context.ts'

/**
 * Puts a new signing key in use, on every node, and returns its id; tokens signed before stay good. Throws `invalid_request`
 * where no format signs, `conflict` when too many old keys are still kept.
 */
export async function rotateSigningKey(
  house: House,
  by: string | null,
  options: CallOptions,
): Promise<string> {
  const [keys] = house.signingKeys()
  if (keys === undefined) throw new LatchkeyError('invalid_request', 'No token format signs.')
  const now = house.now(options)
  const kid = await house.write(
    () => keys.rotate({ now, keepMs: longestTokenMs(house) }),
    () => ({ kind: 'settings-changed' }),
    options.signal,
  )
  await auditRotation(house, kid, by, options)
  return kid
}

/** Rotates signing keys that have come of age and drops those that no living token is signed with. */
export async function maintainSigningKeys(house: House, options: CallOptions): Promise<void> {
  const now = house.now(options)
  for (const keys of house.signingKeys()) {
    const made = await house.write(
      () =>
        keys.maintain({
          now,
          keepMs: longestTokenMs(house),
          rotateAfterMs: house.settings.get('jwt.rotateAfterMs'),
        }),
      (kid) => (kid === null ? null : { kind: 'settings-changed' }),
      options.signal,
    )
    if (made !== null) await auditRotation(house, made, null, options)
  }
}

function auditRotation(
  house: House,
  kid: string,
  by: string | null,
  options: CallOptions,
): Promise<void> {
  const entry = house.entry('signing_key_rotated', 'ok', { actor: by, detail: { kid } }, options)
  return house.ask(() => house.store.audit.append([entry]))
}

/** The longest that a token signed now can live, by the profiles as they are set. */
function longestTokenMs(house: House): number {
  const lives = Object.keys(PROFILES).map((name) => {
    const profile = house.settings.profile(name)
    return profile === null
      ? 0
      : Math.min(profile.tokenMs ?? profile.absoluteMs, profile.absoluteMs)
  })
  return Math.max(...lives)
}
