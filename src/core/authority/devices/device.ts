import { type Refusal, refuse } from '../../errors.ts'
import { randomText } from '../../token/secret.ts'
import { addressOf } from '../address-of.ts'
import { groupOfClient } from '../clients/client-sessions.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import { reserveCreation } from '../login/attempts.ts'
import { type LoggedIn, present, runGuards } from '../login/login.ts'
import { createSession, type SessionRequest } from '../sessions/create-session.ts'
import { isLive } from '../sessions/is-live.ts'
import { endSessions } from '../sessions/revoke.ts'
import {
  type Approval,
  createUserCode,
  type DeviceGrant,
  findGrant,
  grantKey,
  keptUntil,
  userCodeKey,
} from './device-grant.ts'

const LIFETIME_MS = 10 * 60_000
const INTERVAL_MS = 5000
const MAX_INTERVAL_MS = 60_000

const GONE = refuse('not_found', 'The device code is unknown, used or expired. Start again.')

/** The request of a device for a login. */
export interface DeviceRequest {
  /** The name that the device gives itself, shown for the approval and in the list of sessions. */
  readonly client?: string | null
  /** `agent` by default. */
  readonly profile?: 'agent' | 'web' | 'device'
  /**
   * The roles that the session may have, an upper limit; null or absent for all roles of the
   * approving session.
   */
  readonly roles?: readonly string[] | null
  /** The OAuth client that the session is issued to: only its polls get the session. */
  readonly clientId?: string
}

/** A login that was started on a device, to be approved elsewhere. */
export interface StartedDevice {
  /** True: the login was started. */
  readonly ok: true
  /** The device's secret, with which it polls. */
  readonly deviceCode: string
  /** The code that the user types in a logged-in session: `XXXX-XXXX`. */
  readonly userCode: string
  /** When both codes expire, in epoch milliseconds. */
  readonly expiresAt: number
  /** How long the device must wait between two polls. */
  readonly intervalMs: number
}

/** A poll of a device: the options of its session that the door decides. */
export interface DevicePoll extends Pick<SessionRequest, 'format' | 'bindAddress' | 'bindKey'> {
  /** The OAuth client that polls. It must be the one that started the login. */
  readonly clientId?: string
}

/** The state of a device login. After `slow_down` the device must wait for the longer interval. */
export type PolledDevice =
  | {
      readonly ok: true
      readonly state: 'pending' | 'slow_down'
      readonly intervalMs: number
    }
  | { readonly ok: true; readonly state: 'approved'; readonly login: LoggedIn }

/**
 * Starts the login of a device without a trusted keyboard (RFC 8628). Its codes are valid for 10
 * minutes and one use; only their hashes are stored. Refuses `throttled` (by address) and
 * `invalid_request` for another profile.
 */
export function startDevice(
  context: AuthorityContext,
  { client, profile = 'agent', roles = null, clientId }: DeviceRequest,
  options: CallOptions,
): Promise<StartedDevice | Refusal> {
  return settle(async () => {
    if (!['agent', 'web', 'device'].includes(profile)) {
      return refuse(
        'invalid_request',
        `A device cannot get a session of profile ${profile}. Use agent, web or device.`,
      )
    }
    const allowed = await reserveCreation(context, 'device', options)
    if (!allowed.ok) return allowed
    const now = context.now(options)
    const expiresAt = now + LIFETIME_MS
    const deviceCode = `lkd_${randomText(43)}`
    const key = grantKey(deviceCode)
    const grant: DeviceGrant = {
      address: addressOf(options),
      userAgent: options.userAgent?.slice(0, 400) ?? null,
      label: client?.slice(0, 100) ?? null,
      profile,
      roles,
      startedAt: now,
      expiresAt,
      decided: null,
      clientId: clientId ?? null,
    }
    const fresh = { now, expectedVersion: 0, expiresAt }
    const kept = { ...fresh, expiresAt: keptUntil(grant) }
    await context.ask(() => context.store.documents.save(key, JSON.stringify(grant), kept))
    const userCode = await saveUserCode(context, key, fresh)
    return { ok: true, deviceCode, userCode, expiresAt, intervalMs: INTERVAL_MS }
  })
}

// So short a code may already be in use.
async function saveUserCode(
  context: AuthorityContext,
  grant: string,
  fresh: { now: number; expectedVersion: number; expiresAt: number },
): Promise<string> {
  for (;;) {
    const code = createUserCode()
    const key = userCodeKey(context, code) ?? ''
    if ((await context.ask(() => context.store.documents.save(key, grant, fresh))) !== null)
      return code
  }
}

/**
 * Returns the state of a device login; exactly one of many concurrent polls gets its session. A
 * password change, a suspension, a lock-all or any end of the approving session withdraws it. Refuses
 * `access_denied` for a login that was denied or withdrawn, and `not_found` for a code that is
 * unknown, used or expired. Guards run as after a proof.
 */
export function pollDevice(
  context: AuthorityContext,
  deviceCode: string,
  request: DevicePoll,
  options: CallOptions,
): Promise<PolledDevice | Refusal> {
  return settle(async () => {
    // Throws for an unknown format before the code is used up.
    context.codec(request.format ?? 'native')
    const now = context.now(options)
    const found = await findGrant(context, grantKey(deviceCode), now)
    if (found === null || found.grant.clientId !== (request.clientId ?? null)) return GONE
    const { key, version, grant } = found
    if (grant.expiresAt <= now) return { ...GONE, reason: 'expired' }
    if (grant.decided === null) return pace(context, key, grant.expiresAt, now)
    if (grant.decided === 'denied') return refuse('access_denied', 'The login was denied.')
    const taking = { now, expectedVersion: version }
    if (!(await context.ask(() => context.store.documents.remove(key, taking)))) return GONE
    const login = await pickUp(context, grant, grant.decided, request, options)
    return login.ok ? { ok: true, state: 'approved', login } : login
  })
}

async function pickUp(
  context: AuthorityContext,
  { profile, label, roles: asked, clientId }: DeviceGrant,
  { session: approving, actor: owner, epochs, roles: approved, authenticatedAt }: Approval,
  poll: DevicePoll,
  options: CallOptions,
): Promise<LoggedIn | Refusal> {
  const takenBack = refuse('access_denied', 'The approval was withdrawn. Start again.')
  const actor = (await context.findCredential(owner, options.signal))?.actor ?? null
  if (actor === null || actor.status === 'suspended') return takenBack
  const request = { ...poll, profile, label, roles: bothLimits(asked, approved) }
  if (!(await approverLives(context, approving, options))) return takenBack
  const refused = await runGuards(context, 'after', { identity: '', actor, request }, options)
  if (refused !== null) return refused
  const created = await createSession(
    context,
    {
      owner,
      epochs,
      act: 'login',
      detail: { proof: 'device', ...(clientId === null ? {} : { client: clientId }) },
      authenticatedAt,
      ...(clientId === null ? {} : { group: groupOfClient(clientId) }),
    },
    request,
    options,
  )
  if (!created.ok) return created.code === 'conflict' ? takenBack : created
  if (await approverLives(context, approving, options)) return present(created, actor)
  // The approving session ended while this one was created.
  await endSessions(context, { id: created.record.id, owner }, options)
  return takenBack
}

async function approverLives(
  context: AuthorityContext,
  id: string,
  options: CallOptions,
): Promise<boolean> {
  const loaded = await context.ask(() => context.store.sessions.load(id), options.signal)
  return loaded !== null && isLive(context, loaded, context.now(options))
}

/** Returns what two upper limits of roles have in common; null is no limit. */
function bothLimits(
  asked: readonly string[] | null,
  approved: readonly string[] | null,
): readonly string[] | null {
  if (asked === null || approved === null) return asked ?? approved
  return asked.filter((role) => approved.includes(role))
}

// Stored apart from the grant, so that frequent polls never conflict with a decision.
async function pace(
  context: AuthorityContext,
  grant: string,
  expiresAt: number,
  now: number,
): Promise<PolledDevice> {
  const key = `${grant}/pace`
  const found = await context.ask(() => context.store.documents.find(key, now))
  const last =
    found === null
      ? { intervalMs: INTERVAL_MS, at: Number.NEGATIVE_INFINITY }
      : (JSON.parse(found.value) as { intervalMs: number; at: number })
  const early = now < last.at + last.intervalMs
  const intervalMs = early ? Math.min(last.intervalMs + 5000, MAX_INTERVAL_MS) : last.intervalMs
  if (early && last.intervalMs === MAX_INTERVAL_MS) {
    return { ok: true, state: 'slow_down', intervalMs }
  }
  // An early poll does not move the time from which the interval counts, so that later polls are not early because of it.
  const value = JSON.stringify({ intervalMs, at: early ? last.at : now })
  const options = { now, expectedVersion: found?.version ?? 0, expiresAt }
  const saved = await context.ask(() => context.store.documents.save(key, value, options))
  return { ok: true, state: early || saved === null ? 'slow_down' : 'pending', intervalMs }
}
