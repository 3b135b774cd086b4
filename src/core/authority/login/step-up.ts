import { type Refusal, refuse } from '../../errors.ts'
import type { SessionRecord } from '../../session/record.ts'
import { PresentedToken } from '../../token/presented-token.ts'
import { hashSecret, sameDigest } from '../../token/secret.ts'
import { SessionEntry } from '../cache/session-entry.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import type { Authenticated } from '../sessions/authenticate.ts'
import { isLive } from '../sessions/is-live.ts'
import { issueToken } from '../sessions/issue-token.ts'
import { reserveAttempt } from './attempts.ts'
import { type LoggedIn, verify } from './login.ts'

/**
 * Verifies the password again within a session and rotates its secret in place: the id, the renewal
 * code and open connections stay, the old token is invalid at once. Refuses like a login, and
 * `access_denied` under impersonation.
 */
export function stepUp(
  context: AuthorityContext,
  current: Authenticated,
  { password, format }: { readonly password: string; readonly format?: string },
  options: CallOptions,
): Promise<LoggedIn | Refusal> {
  return settle(async () => {
    const presented = presentedBy(current)
    if (!presented.ok) return presented
    const { id, owner } = current.session
    const codec = context.codec(format ?? 'native')
    const epochs = await context.ask(() => context.store.sessions.findEpochs(owner))
    const proof = await provePassword(context, owner, password, options)
    const outcome = proof.ok ? 'ok' : proof.code
    const audit = context.entry('step_up', outcome, { actor: owner, session: id }, options)
    if (!proof.ok) {
      context.report(audit)
      await context.ask(() => context.store.audit.append([audit]))
      return proof
    }
    const secret = codec.createSecret()
    for (let attempt = 0; attempt < 5; attempt++) {
      const loaded = await context.ask(() => context.store.sessions.load(id), options.signal)
      const now = context.now(options)
      // A step-up must not extend an expired session.
      if (loaded === null || !isLive(context, loaded, now)) break
      const { record } = loaded
      if (!sameDigest(record.tokenHash, presented.tokenHash)) {
        return refuse('conflict', 'This token was renewed. Use the renewed one.')
      }
      const proven = rotated(record, hashSecret(secret), now)
      const written = await context.write(
        () => context.store.sessions.update(proven, record.version, { audit, epochs }),
        (done) => (done ? { kind: 'session-rotated', id } : null),
      )
      if (!written) continue
      context.report(audit)
      const entry = new SessionEntry(proven, await context.actorOf(proven, now), null)
      return {
        ok: true,
        session: entry.view(),
        actor: entry.actor.actor,
        renewal: null,
        ...issueToken(context, codec, { secret, now }, proven),
      }
    }
    return refuse('conflict', 'The account or the session changed in the meantime. Try again.')
  })
}

/** Returns the hash of the token presented for a step-up, or a refusal. */
function presentedBy({
  impersonator,
  session,
  token,
}: Authenticated): { ok: true; tokenHash: string } | Refusal {
  if (impersonator !== null)
    return refuse('access_denied', 'Not allowed while impersonating. Stop impersonating first.')
  if (session.anonymous) {
    return refuse('credentials_invalid', 'An anonymous session has no password. Log in instead.')
  }
  if (token === null) {
    return refuse('invalid_request', 'Present the token of the session to step up.')
  }
  return { ok: true, tokenHash: hashSecret(PresentedToken.partsOf(token).secret) }
}

/** The maximum number of proofs that a record keeps; the oldest are dropped. */
const MAX_FACTORS = 16

function rotated(record: SessionRecord, tokenHash: string, now: number): SessionRecord {
  return {
    ...record,
    tokenHash,
    previousTokenHash: null,
    previousTokenUntil: 0,
    authenticatedAt: now,
    factors: [...record.factors, { method: 'pwd', at: now }].slice(-MAX_FACTORS),
    lastUsedAt: now,
    generation: record.generation + 1,
    issuedAt: now,
    usedAt: now,
    version: record.version + 1,
  }
}

/** Verifies an actor's current password with the counters of a login. */
export async function provePassword(
  context: AuthorityContext,
  actorId: string,
  password: string,
  options: CallOptions,
): Promise<{ ok: true; passwordHash: string | null } | Refusal> {
  const found = await context.findCredential(actorId, options.signal)
  const attempt = await reserveAttempt(context, { identity: '', actorId }, options)
  if (!attempt.ok) return attempt
  const verified = await verify(context, attempt, password, found, options)
  if (!verified.ok) return refuse('credentials_invalid', 'The password is wrong.')
  await attempt.succeeded(actorId)
  return { ok: true, passwordHash: found?.passwordHash ?? null }
}

/**
 * Returns null if the session's owner gave a proof within `ms` before now, else a
 * `step_up_required` refusal.
 */
export function freshWithin(
  context: AuthorityContext,
  current: Authenticated,
  ms: number,
  options: CallOptions,
): { ok: true } | Refusal {
  if (context.now(options) < current.session.authenticatedAt + ms) return { ok: true }
  return refuse('step_up_required', 'The last proof is too old. Enter your password again first.', {
    challenge: { maxAgeMs: ms },
  })
}
