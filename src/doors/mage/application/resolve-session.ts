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
  // Only the text in front of the last colon counts where the rest has the form of no token.
  const colon = key.lastIndexOf(':')
  if (check.token === undefined && colon === -1) return { ok: false, reason: 'invalidSessionKey' }
  const owner = check.token === undefined ? key.slice(0, colon) : check.token.owner
  return { ok: false, reason: await reasonOf(services, owner, caller) }
}

/** `keyMismatch` where the actor of the key has another session, else `noSession`. */
async function reasonOf(
  { authority }: Services,
  owner: string | null,
  { signal }: CallOptions,
): Promise<UnsetReason> {
  if (owner === null || owner === '') return 'noSession'
  const options = signal === undefined ? {} : { signal }
  const { items } = await authority.sessions.list({ owner, limit: 1 }, options)
  return items.length > 0 ? 'keyMismatch' : 'noSession'
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
