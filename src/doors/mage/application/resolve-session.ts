import type { Authenticated, CallOptions, EndReason } from '../../../core/index.ts'
import { errorOf } from '../../../core/index.ts'
import { fullKeyOf, ownerOfKey, sessionIdOfKey } from '../key-codec.ts'
import type { Services } from './services.ts'
import { Session } from './session.ts'
import type { Facts } from './session-facts.ts'

/** Why a key is no good, as MAGE's clients are told with `session.unset`. */
export type UnsetReason = 'invalidSessionKey' | 'noSession' | 'keyMismatch' | 'badVersion'

/** What a client whose session ends while it is connected is told with `session.unset`. */
export const UNSET_REASONS: Readonly<Record<EndReason, string>> = {
  logged_out: 'loggedOut',
  expired: 'expired',
  evicted: 'keyMismatch',
  upgraded: 'keyMismatch',
  revoked: 'revoked',
  suspended: 'banned',
  locked: 'locked',
  password_changed: 'passwordChanged',
  reuse_detected: 'revoked',
  parent_ended: 'revoked',
}

type Resolved =
  | { readonly ok: true; readonly session: Session }
  | { readonly ok: false; readonly reason: UnsetReason }

/**
 * The session behind a key, which counts as a use of it, or why there is none. Throws a `LatchkeyError` where it cannot be
 * known, such as `unavailable`.
 */
export async function resolveSession(
  services: Services,
  key: unknown,
  caller: CallOptions,
): Promise<Resolved> {
  const owner = ownerOfKey(key)
  if (typeof key !== 'string' || (owner === null && sessionIdOfKey(key) === null)) {
    return { ok: false, reason: 'invalidSessionKey' }
  }
  const check = await services.authority.authenticate(key, caller)
  if (check.ok) {
    const facts = await services.facts.get(check)
    return sessionOf(services, key, check, facts)
  }
  if (check.code === 'token_invalid' || check.code === 'session_revoked') {
    return { ok: false, reason: await whyNot(services, owner, caller) }
  }
  if (check.code === 'session_expired') return { ok: false, reason: 'noSession' }
  throw errorOf(check)
}

function sessionOf(
  services: Services,
  key: string,
  current: Authenticated,
  facts: Facts,
): Resolved {
  if (!isSupported(facts.version, services.appVersion)) return { ok: false, reason: 'badVersion' }
  const { session, actor } = current
  const fullKey = fullKeyOf(key, session.owner)
  return {
    ok: true,
    session: new Session({ actorId: actor.id, facts, acl: session.roles, fullKey, current }),
  }
}

// A client that was logged in anew elsewhere is told so; to any other the session is just gone.
async function whyNot(
  services: Services,
  owner: string | null,
  { signal }: CallOptions,
): Promise<UnsetReason> {
  if (owner === null || owner === '') return 'noSession'
  const options = signal === undefined ? {} : { signal }
  const { items } = await services.authority.sessions.list({ owner, limit: 1 }, options)
  return items.length > 0 ? 'keyMismatch' : 'noSession'
}

const VERSION = /^v?(\d+)\.(\d+)\.\d+/

/** Whether a session of one version of an application may go on in another: major and minor are the same. */
function isSupported(session: string | null, application: string | null): boolean {
  if (session === null || session === application) return true
  const [, major, minor] = VERSION.exec(session) ?? []
  const [, ownMajor, ownMinor] = VERSION.exec(application ?? '') ?? []
  if (major === undefined || ownMajor === undefined) return true
  return major === ownMajor && minor === ownMinor
}
