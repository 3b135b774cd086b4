import { type Refusal, refuse } from '../../errors.ts'
import { hashSecret } from '../../token/secret.ts'
import { type SessionRecord, stateOf } from '../../session/record.ts'
import { SessionEntry } from '../cache/session-entry.ts'
import { reserveAttempt } from './attempts.ts'
import type { Authenticated } from '../sessions/authenticate.ts'
import { type CallOptions, type House, settle } from '../context.ts'
import { issueToken } from '../sessions/issue-token.ts'
import { type LoggedIn, verify } from './login.ts'

/**
 * Proves the password again within a session and rotates its secret in place: the id, the renewal code and open
 * connections stay, the old token dies at once. Refuses as a login does, and under impersonation (`access_denied`).
 */
export function stepUp(
  house: House,
  current: Authenticated,
  { password, format }: { readonly password: string; readonly format?: string },
  options: CallOptions,
): Promise<LoggedIn | Refusal> {
  return settle(async () => {
    if (current.impersonator !== null) {
      return refuse('access_denied', 'Not while acting as another.')
    }
    if (current.session.anonymous)
      return refuse('credentials_invalid', 'A visitor has no password.')
    const { id, owner } = current.session
    const codec = house.codec(format ?? 'native')
    const epochs = await house.ask(() => house.store.sessions.findEpochs(owner))
    const proof = await provePassword(house, owner, password, options)
    const outcome = proof.ok ? 'ok' : proof.code
    const audit = house.entry('step_up', outcome, { actor: owner, session: id }, options)
    if (!proof.ok) {
      await house.ask(() => house.store.audit.append([audit]))
      return proof
    }
    const secret = codec.createSecret()
    for (let attempt = 0; attempt < 5; attempt++) {
      const record = await house.ask(() => house.store.sessions.find(id), options.signal)
      const now = house.now(options)
      if (record === null || !isLive(house, record, now)) break
      const proven = rotated(record, hashSecret(secret), now)
      const written = await house.write(
        () => house.store.sessions.update(proven, record.version, { audit, epochs }),
        (done) => (done ? { kind: 'session-changed', id } : null),
      )
      if (!written) continue
      const entry = new SessionEntry(proven, await house.actorOf(proven, now), null)
      return {
        ok: true,
        session: entry.view(),
        actor: entry.actor.actor,
        renewal: null,
        ...issueToken(house, codec, { secret, now }, proven),
      }
    }
    return refuse('conflict', 'The account or the session changed in the meantime. Try again.')
  })
}

// A session that has run out must not live on because its owner knows the password.
function isLive(house: House, record: SessionRecord, now: number): boolean {
  const lastUsedAt = Math.max(record.lastUsedAt, house.touches.find(record.id) ?? 0)
  return stateOf({ ...record, lastUsedAt }, { now, houseEpoch: house.houseEpoch }) === 'live'
}

function rotated(record: SessionRecord, tokenHash: string, now: number): SessionRecord {
  return {
    ...record,
    tokenHash,
    previousTokenHash: null,
    previousTokenUntil: 0,
    authenticatedAt: now,
    lastUsedAt: now,
    generation: record.generation + 1,
    version: record.version + 1,
  }
}

/** Proves an actor's current password under the same counters as a login. */
export async function provePassword(
  house: House,
  actorId: string,
  password: string,
  options: CallOptions,
): Promise<{ ok: true; passwordHash: string | null } | Refusal> {
  const attempt = await reserveAttempt(house, { identity: '', actorId }, options)
  if (!attempt.ok) return attempt
  const found = await house.findCredential(actorId, options.signal)
  const verified = await verify(house, attempt, password, found, options)
  if (!verified.ok) return refuse('credentials_invalid', 'The password is wrong.')
  await attempt.succeeded(actorId)
  return { ok: true, passwordHash: found?.passwordHash ?? null }
}

/** Whether a session's owner proved who it is within `ms` before now: else `step_up_required`. */
export function freshWithin(
  house: House,
  current: Authenticated,
  ms: number,
  options: CallOptions,
): { ok: true } | Refusal {
  if (house.now(options) < current.session.authenticatedAt + ms) return { ok: true }
  return refuse('step_up_required', 'Prove who you are again first.')
}
