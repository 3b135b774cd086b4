import type { AuditAct } from '../../audit.ts'
import { LatchkeyError, type Refusal, refuse } from '../../errors.ts'
import { stateOf } from '../../session/lifetimes.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import { reserveCode } from '../login/attempts.ts'
import { freshWithin } from '../login/step-up.ts'
import type { Authenticated } from '../sessions/authenticate.ts'
import {
  type Approval,
  type DeviceAsking,
  type DeviceGrant,
  findGrant,
  keptUntil,
  type StoredGrant,
  userCodeKey,
} from './device-grant.ts'

const UNKNOWN = refuse(
  'not_found',
  'The code is wrong, used or expired. Start again on the device.',
)

/**
 * Returns what a device waiting for approval reports about itself. Like approving and denying, it
 * requires a session with a recent proof: refuses `access_denied` for anonymous sessions and under
 * impersonation, `step_up_required`, `not_found` for a wrong, used or expired code, and `throttled`
 * after several wrong codes, by actor and by address.
 */
export function findDevice(
  context: AuthorityContext,
  current: Authenticated,
  userCode: string,
  options: CallOptions,
): Promise<{ ok: true; device: DeviceAsking } | Refusal> {
  return settle(async () => {
    const found = await findWaiting(context, current, userCode, options)
    if (!found.ok) return found
    const { decided: _, clientId: __, ...device } = found.grant
    return { ok: true, device }
  })
}

/**
 * Approves the login of a device as the session's owner, with at most the roles of this session.
 * Refuses like {@link findDevice}; of concurrent decisions only the first counts.
 */
export function approveDevice(
  context: AuthorityContext,
  current: Authenticated,
  userCode: string,
  options: CallOptions,
): Promise<{ ok: true } | Refusal> {
  return settle(async () => {
    const found = await findWaiting(context, current, userCode, options)
    if (!found.ok) return found
    const approval = await approvalOf(context, current, options)
    return decide(
      context,
      current,
      { ...found, decided: approval, act: 'device_approved' },
      options,
    )
  })
}

/** Denies the login of a device. Refuses like {@link findDevice}. */
export function denyDevice(
  context: AuthorityContext,
  current: Authenticated,
  userCode: string,
  options: CallOptions,
): Promise<{ ok: true } | Refusal> {
  return settle(async () => {
    const found = await findWaiting(context, current, userCode, options)
    if (!found.ok) return found
    return decide(context, current, { ...found, decided: 'denied', act: 'device_denied' }, options)
  })
}

interface Waiting extends StoredGrant {
  readonly ok: true
  /** The key under which the typed code is stored. */
  readonly codeKey: string
}

async function findWaiting(
  context: AuthorityContext,
  current: Authenticated,
  userCode: string,
  options: CallOptions,
): Promise<Waiting | Refusal> {
  const { session, impersonator } = current
  if (impersonator !== null)
    return refuse('access_denied', 'Not allowed while impersonating. Stop impersonating first.')
  if (session.anonymous)
    return refuse('access_denied', 'An anonymous session cannot approve a device. Log in first.')
  const fresh = freshWithin(context, current, context.settings.get('session.freshMs'), options)
  if (!fresh.ok) return fresh
  const attempt = await reserveCode(context, session.owner, options)
  if (!attempt.ok) return attempt
  const now = context.now(options)
  const codeKey = userCodeKey(context, userCode)
  let found: StoredGrant | null
  try {
    found = codeKey === null ? null : await findByCode(context, codeKey, now)
  } catch (error) {
    await attempt.withdraw()
    throw error
  }
  if (codeKey === null || found === null || found.grant.decided !== null) {
    attempt.failed()
    return UNKNOWN
  }
  await attempt.withdraw()
  return { ok: true, codeKey, ...found }
}

async function findByCode(
  context: AuthorityContext,
  codeKey: string,
  now: number,
): Promise<StoredGrant | null> {
  const lead = await context.ask(() => context.store.documents.find(codeKey, now))
  return lead === null ? null : findGrant(context, lead.value, now)
}

async function approvalOf(
  context: AuthorityContext,
  { session }: Authenticated,
  options: CallOptions,
): Promise<Approval> {
  const loaded = await context.ask(() => context.store.sessions.load(session.id), options.signal)
  const now = context.now(options)
  if (loaded === null || stateOf(loaded.record, { now, epochs: loaded.epochs }) === 'ended') {
    throw new LatchkeyError('session_revoked', 'The session has ended. Log in again.')
  }
  const { epochs } = loaded
  const { roles, authenticatedAt } = loaded.record
  return { session: session.id, actor: session.owner, epochs, roles, authenticatedAt }
}

async function decide(
  context: AuthorityContext,
  { session }: Authenticated,
  decision: Waiting & { decided: NonNullable<DeviceGrant['decided']>; act: AuditAct },
  options: CallOptions,
): Promise<{ ok: true } | Refusal> {
  const { key, version, codeKey, decided, act } = decision
  const now = context.now(options)
  const grant: DeviceGrant = { ...decision.grant, decided }
  const { documents, audit } = context.store
  const writing = { now, expectedVersion: version, expiresAt: keptUntil(grant) }
  const written = await context.ask(() => documents.save(key, JSON.stringify(grant), writing))
  if (written === null) return UNKNOWN
  const detail = { profile: grant.profile, from: grant.address }
  const facts = { actor: session.owner, session: session.id, detail }
  await Promise.all([
    context.ask(() => documents.remove(codeKey, { now })),
    context.ask(() => audit.append([context.entry(act, 'ok', facts, options)])),
  ])
  return { ok: true }
}
