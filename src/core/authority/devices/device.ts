import { type Refusal, refuse } from '../../errors.ts'
import { randomText } from '../../token/secret.ts'
import { type AuthorityContext, addressOf, type CallOptions, settle } from '../context.ts'
import { reserveCreation } from '../login/attempts.ts'
import { type LoggedIn, present, runGuards } from '../login/login.ts'
import { createSession, type SessionRequest } from '../sessions/create-session.ts'
import {
  type Approval,
  createUserCode,
  type DeviceGrant,
  findGrant,
  grantKey,
  userCodeKey,
} from './device-grant.ts'

const LIFETIME_MS = 10 * 60_000
const INTERVAL_MS = 5000
const MAX_INTERVAL_MS = 60_000

const GONE = refuse('not_found', 'The device code is unknown, used or expired.')

/** What a device asks for. */
export interface DeviceRequest {
  /** What the device calls itself, for whoever approves and for the list of sessions. */
  readonly client?: string | null
  /** `agent` by default. */
  readonly profile?: 'agent' | 'web' | 'device'
}

/** A login that was begun on a device, to be approved elsewhere. */
export interface StartedDevice {
  readonly ok: true
  /** The device's secret: what it polls with. */
  readonly deviceCode: string
  /** What its user types where he is logged in: `XXXX-XXXX`. */
  readonly userCode: string
  readonly expiresAt: number
  readonly intervalMs: number
}

/** How the session that a device gets is to be, as far as its door decides. */
export type DevicePoll = Pick<SessionRequest, 'format' | 'bindAddress' | 'bindKey'>

/** Where the login of a device stands. After `slow_down` the device must wait for the longer interval. */
export type PolledDevice =
  | {
      readonly ok: true
      readonly state: 'pending' | 'slow_down'
      readonly intervalMs: number
    }
  | { readonly ok: true; readonly state: 'approved'; readonly login: LoggedIn }

/**
 * Begins the login of a device without a keyboard to trust (RFC 8628): good for 10 minutes and one use; of both codes only hashes are
 * stored. Refuses `throttled` (by address) and `invalid_request` for another profile.
 */
export function startDevice(
  context: AuthorityContext,
  { client, profile = 'agent' }: DeviceRequest,
  options: CallOptions,
): Promise<StartedDevice | Refusal> {
  return settle(async () => {
    if (!['agent', 'web', 'device'].includes(profile)) {
      return refuse('invalid_request', `A device gets no session of profile ${profile}.`)
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
      startedAt: now,
      expiresAt,
      decided: null,
    }
    const fresh = { now, expectedVersion: 0, expiresAt }
    await context.ask(() => context.store.documents.save(key, JSON.stringify(grant), fresh))
    const userCode = await saveUserCode(context, key, fresh)
    return { ok: true, deviceCode, userCode, expiresAt, intervalMs: INTERVAL_MS }
  })
}

// So short a code may be another's already.
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
 * Asks where the login of a device stands, and of many who ask at once gives its session to one. Whoever changes the password, suspends
 * the actor or locks the house after the approval takes it back. Refuses `access_denied` for a login that was denied or
 * taken back, and `not_found` for a code that is unknown, used or expired. Guards run as after a proof.
 */
export function pollDevice(
  context: AuthorityContext,
  deviceCode: string,
  request: DevicePoll,
  options: CallOptions,
): Promise<PolledDevice | Refusal> {
  return settle(async () => {
    // Before the code is used up.
    context.codec(request.format ?? 'native')
    const now = context.now(options)
    const found = await findGrant(context, grantKey(deviceCode), now)
    if (found === null) return GONE
    const { key, version, grant } = found
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
  { profile, label }: DeviceGrant,
  { actor: owner, epochs, roles, authenticatedAt }: Approval,
  poll: DevicePoll,
  options: CallOptions,
): Promise<LoggedIn | Refusal> {
  const takenBack = refuse('access_denied', 'The approval no longer counts. Start again.')
  const actor = (await context.findCredential(owner, options.signal))?.actor ?? null
  if (actor === null || actor.status === 'suspended') return takenBack
  const request = { ...poll, profile, label, roles }
  const refused = await runGuards(context, 'after', { identity: '', actor, request }, options)
  if (refused !== null) return refused
  const created = await createSession(
    context,
    { owner, epochs, act: 'login', detail: { proof: 'device' }, authenticatedAt },
    request,
    options,
  )
  if (created.ok) return present(created, actor)
  return created.code === 'conflict' ? takenBack : created
}

// Kept apart from the grant, so that however often a device asks, nobody who decides loses a race to it.
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
      ? { intervalMs: INTERVAL_MS, at: now - INTERVAL_MS }
      : (JSON.parse(found.value) as { intervalMs: number; at: number })
  const early = now < last.at + last.intervalMs
  const intervalMs = early ? Math.min(last.intervalMs + 5000, MAX_INTERVAL_MS) : last.intervalMs
  if (early && last.intervalMs === MAX_INTERVAL_MS) {
    return { ok: true, state: 'slow_down', intervalMs }
  }
  const value = JSON.stringify({ intervalMs, at: now })
  const options = { now, expectedVersion: found?.version ?? 0, expiresAt }
  const saved = await context.ask(() => context.store.documents.save(key, value, options))
  return { ok: true, state: early || saved === null ? 'slow_down' : 'pending', intervalMs }
}
