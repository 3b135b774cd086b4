import { type CallOptions, type EndReason, errorOf } from '../../../core/index.ts'
import { MageSession } from './mage-session.ts'
import type { Services } from './services.ts'
import { findSessionData } from './session-data.ts'

/** Why a session key is not valid, as `session.unset` tells the client. */
export type UnsetReason = 'invalidSessionKey' | 'noSession' | 'keyMismatch' | 'badVersion'

/** The reason in `session.unset` for a session that ends while its client is connected. */
export const UNSET_REASONS: Readonly<Record<EndReason, string>> = {
  logged_out: 'loggedOut',
  expired: 'expired',
  evicted: 'keyMismatch',
  upgraded: 'keyMismatch',
  revoked: 'revoked',
  suspended: 'banned',
  deleted: 'noSession',
  locked: 'locked',
  password_changed: 'passwordChanged',
  reuse_detected: 'revoked',
  parent_ended: 'revoked',
}

type ResolvedSession =
  | { readonly ok: true; readonly session: MageSession }
  | { readonly ok: false; readonly reason: UnsetReason }

/**
 * Returns the session of a key, which counts as a use of the session, or the reason why there is none. Throws a `LatchkeyError` if the
 * check itself fails, such as `unavailable`.
 */
export async function resolveSession(
  services: Services,
  key: unknown,
  caller: CallOptions,
): Promise<ResolvedSession> {
  if (typeof key !== 'string' || key === '') return { ok: false, reason: 'invalidSessionKey' }
  const { authority, appVersion } = services
  const check = await authority.authenticate(key, caller)
  if (check.ok) {
    const data = await findSessionData(authority, check)
    if (!isSupported(data.version, appVersion)) return { ok: false, reason: 'badVersion' }
    const parts = { actorId: check.actor.id, data, acl: check.session.roles }
    return { ok: true, session: new MageSession({ ...parts, fullKey: key, current: check }) }
  }
  if (check.code === 'session_expired') return { ok: false, reason: 'noSession' }
  if (check.code !== 'token_invalid' && check.code !== 'session_revoked') throw errorOf(check)
  if (check.code === 'session_revoked') {
    // Only the right secret of an ended session learns that a later login took its place.
    return { ok: false, reason: check.reason === 'evicted' ? 'keyMismatch' : 'noSession' }
  }
  // For any other key the reason depends on its form alone, and tells nothing about the actor.
  const isKey = check.token !== undefined || key.includes(':')
  return { ok: false, reason: isKey ? 'noSession' : 'invalidSessionKey' }
}

const VERSION = /^v?(\d+)\.(\d+)\.\d+/

/** Whether the application's version has the same major and minor number as the one that created the session. */
function isSupported(session: string | null, application: string | null): boolean {
  if (session === null || session === application) return true
  const [, major, minor] = VERSION.exec(session) ?? []
  const [, ownMajor, ownMinor] = VERSION.exec(application ?? '') ?? []
  if (major === undefined || ownMajor === undefined) return true
  return major === ownMajor && minor === ownMinor
}
