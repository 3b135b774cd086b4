import { addressPrefix } from '../../address.ts'
import type { AuditAct } from '../../audit.ts'
import { LatchkeyError, type Refusal, refuse } from '../../errors.ts'
import type { CreateConditions, Epochs } from '../../ports/index.ts'
import type { Profile, ProfileName } from '../../session/profile.ts'
import type {
  Binding,
  EndedSession,
  EndReason,
  Factor,
  RenewalState,
  SessionRecord,
} from '../../session/record.ts'
import type { TokenCodec } from '../../token/codec.ts'
import type { IssuedToken } from '../../token/presented-token.ts'
import { hashSecret } from '../../token/secret.ts'
import { createSessionId } from '../../token/session-id.ts'
import { addressOf } from '../address-of.ts'
import { endedChange } from '../changes.ts'
import type { AuthorityContext, CallOptions } from '../context.ts'
import type { Authenticated } from './authenticate.ts'
import { issueToken } from './issue-token.ts'
import { endSessions } from './revoke.ts'

/** Options of a new session. */
export interface SessionRequest {
  /** A lifetime policy by name; `web` by default. */
  readonly profile?: ProfileName
  /** The client's name for the session. At most 100 characters are kept. */
  readonly label?: string | null
  /** The roles of the session, an upper limit; null or absent for all roles of its actor. */
  readonly roles?: readonly string[] | null
  /**
   * Whether the session is bound to the network address it is created from, and with which prefix
   * length.
   */
  readonly bindAddress?: boolean | { readonly v4?: number; readonly v6?: number }
  /** Binds the session to the key that the client proved. */
  readonly bindKey?: boolean
  /** The name of the token's format; `native` by default. */
  readonly format?: string
  /** The checked session that this login replaces: ended (`upgraded`) by the same write. */
  readonly replaces?: Authenticated | null
  /**
   * The id of a session of the same actor that ends by the same write, for a login over the limit.
   * Refuses `not_found` if the actor has no such session.
   */
  readonly endSession?: string
  /** Whether the data of the replaced session is moved to the new one by the same write. False by default. */
  readonly moveData?: boolean
  /** Limits within those of the profile. */
  readonly lifetime?: SessionLifetime
}

/** Limits of one session, at most those of its profile. */
export interface SessionLifetime {
  /** The idle time in milliseconds; null for none. The profile's by default. */
  readonly idleMs?: number | null
  /** The absolute end in milliseconds from now. The profile's by default, and at most that. */
  readonly absoluteMs?: number
}

/** A new session with its secrets, which are returned only this once. */
export interface CreatedSession extends IssuedToken {
  readonly record: SessionRecord
  readonly renewal: string | null
}

interface Making {
  readonly owner: string
  readonly actsAs?: string
  readonly parent?: string
  readonly anonymous?: boolean
  readonly epochs: Epochs
  readonly act: AuditAct
  /** Whether the creation is in the audit trail; true by default. */
  readonly audited?: boolean
  readonly detail?: Record<string, string | number | boolean | null>
  readonly replacedFor?: EndReason
  /** When the owner gave its proof, if that was before now. */
  readonly authenticatedAt?: number
  readonly factors?: readonly Factor[]
  readonly targetEpoch?: number
  /** A label that a method of the authority sets, such as the session's client. */
  readonly group?: string
}

/**
 * Creates a session by one conditional write, and announces the sessions that it evicted or
 * replaced.
 */
export async function createSession(
  context: AuthorityContext,
  making: Making,
  request: SessionRequest,
  options: CallOptions,
): Promise<({ ok: true } & CreatedSession) | Refusal> {
  const now = context.now(options)
  const profileName = request.profile ?? 'web'
  const profile = context.settings.profile(profileName)
  if (profile === null) return refuse('invalid_request', `There is no profile ${profileName}.`)
  const codec = context.codec(request.format ?? 'native')
  const { secret, ...session } = makeRecord(
    making,
    request,
    { profile, profileName, codec, now },
    options,
  )
  const issued = issueToken(context, codec, { secret, now }, session.record)
  if (profile.onLimit === 'evict-least-recently-used') await context.touches.flush()
  const replaces = await replacement(context, making, request, options)
  const audit = context.entry(
    making.act,
    'ok',
    {
      actor: making.owner,
      target: making.actsAs ?? null,
      session: session.record.id,
      detail: { profile: profileName, ...making.detail },
    },
    options,
  )
  const outcome = await context.write(
    () =>
      context.store.sessions.create(
        session.record,
        {
          now,
          limit: { max: profile.maxLive, policy: profile.onLimit },
          ...(making.targetEpoch === undefined ? {} : { targetEpoch: making.targetEpoch }),
          ...(making.anonymous === true
            ? { perAddress: context.settings.get('anonymous.maxPerAddress') }
            : {}),
          ...(replaces === null ? {} : { replaces }),
        },
        making.audited === false ? {} : { audit },
      ),
    (made) => (made.ok ? endedChange(made.ended) : null),
    options.signal,
  )
  if (!outcome.ok) {
    const { owner } = making
    return outcome.refused === 'limit'
      ? limitRefusal(context, { owner, profile: profileName }, options)
      : refusedBecause(outcome.refused)
  }
  context.report(audit)
  if (making.anonymous === true) context.anonymous.count()
  else await auditEnded(context, outcome.ended, options)
  return { ok: true, ...session, ...issued }
}

type Replacement = NonNullable<CreateConditions['replaces']>

/** Returns the session that ends by the write that creates the new one, or null. */
async function replacement(
  context: AuthorityContext,
  { owner, replacedFor = 'upgraded' }: Making,
  { replaces, endSession, moveData = false }: SessionRequest,
  options: CallOptions,
): Promise<Replacement | null> {
  const replaced =
    replaces === undefined || replaces === null
      ? null
      : { id: replacedBy(replaces), reason: replacedFor, moveData }
  if (endSession === undefined) return replaced
  const found = await context.ask(() => context.store.sessions.find(endSession), options.signal)
  if (found?.owner !== owner) {
    throw new LatchkeyError('not_found', 'There is no such session of yours to end.')
  }
  if (replaced === null) return { id: endSession, reason: 'revoked' }
  // One write ends one session: the named one ends before the other.
  await endSessions(context, { id: endSession, owner }, { ...options, by: owner })
  return replaced
}

async function auditEnded(
  context: AuthorityContext,
  ended: readonly EndedSession[],
  options: CallOptions,
): Promise<void> {
  const acts: Partial<Record<EndReason, AuditAct>> = {
    evicted: 'session_evicted',
    revoked: 'session_ended',
  }
  const entries = ended.flatMap(({ reason, owner, id }) => {
    const act = acts[reason]
    const facts = { actor: owner, session: id }
    return act === undefined ? [] : [context.entry(act, 'ok', facts, options)]
  })
  if (entries.length > 0) await context.ask(() => context.store.audit.append(entries))
}

// The proof was right, so the client may know the sessions that it may end.
async function limitRefusal(
  context: AuthorityContext,
  query: { readonly owner: string; readonly profile: string },
  options: CallOptions,
): Promise<Refusal> {
  const now = context.now(options)
  const page = await context.ask(
    () => context.store.sessions.list({ ...query, limit: 100, now }),
    options.signal,
  )
  const sessions = page.items.map(({ id, createdAt, lastUsedAt, client }) => ({
    ...{ id, createdAt, client },
    lastUsedAt: Math.max(lastUsedAt, context.touches.find(id) ?? 0),
  }))
  return refuse(
    'session_limit',
    'The maximum number of sessions is reached. Log in again with the id of a session to end.',
    { sessions },
  )
}

function refusedBecause(refused: 'epoch' | 'parent'): Refusal {
  if (refused === 'parent') {
    return refuse('session_revoked', 'The session has ended.', { reason: 'parent_ended' })
  }
  return refuse('conflict', 'The account changed in the meantime. Try again.')
}

function makeRecord(
  making: Making,
  request: SessionRequest,
  given: { profile: Profile; profileName: string; codec: TokenCodec; now: number },
  options: CallOptions,
): Omit<CreatedSession, keyof IssuedToken> & { readonly secret: string } {
  const { profile, codec, now } = given
  const id = createSessionId(making.owner)
  const secret = codec.createSecret()
  const address = addressOf(options)
  const { state, code } = profile.renewable
    ? makeRenewal(codec, id, now)
    : { state: null, code: null }
  const { idleMs = profile.idleMs, absoluteMs = profile.absoluteMs } = request.lifetime ?? {}
  const endsAt = now + Math.min(absoluteMs, profile.absoluteMs)
  const record: SessionRecord = {
    id,
    owner: making.owner,
    actsAs: making.actsAs ?? null,
    parent: making.parent ?? null,
    anonymous: making.anonymous ?? false,
    profile: given.profileName,
    door: options.door ?? 'library',
    tokenHash: hashSecret(secret),
    previousTokenHash: null,
    previousTokenUntil: 0,
    renewal: state,
    createdAt: now,
    authenticatedAt: making.authenticatedAt ?? now,
    factors: making.factors ?? [],
    lastUsedAt: now,
    tokenExpiresAt: tokenEnd(profile, now, endsAt),
    idleMs,
    endsAt,
    client: {
      address,
      userAgent: options.userAgent?.slice(0, 400) ?? null,
      label: request.label?.slice(0, 100) ?? null,
    },
    binding: makeBinding(request, address, options),
    roles: request.roles ?? null,
    group: making.group ?? null,
    globalEpoch: making.epochs.global,
    ownerEpoch: making.epochs.owner,
    generation: 0,
    issuedAt: now,
    // The first generation has no predecessor whose answer could be lost.
    usedAt: now,
    version: 1,
    endedAt: null,
    endReason: null,
  }
  return { record, secret, renewal: code }
}

// Without a renewal code a token is extended by use and contains its own end: the record's
// `tokenExpiresAt` would end the session.
function tokenEnd(profile: Profile, now: number, endsAt: number): number | null {
  if (profile.tokenMs === null || !profile.renewable) return null
  return Math.min(now + profile.tokenMs, endsAt)
}

function makeRenewal(codec: TokenCodec, id: string, now: number) {
  const family = codec.createSecret()
  const generation = codec.createSecret()
  const state: RenewalState = {
    familyHash: hashSecret(family),
    hash: hashSecret(generation),
    previousHash: null,
    renewedAt: now,
    sealed: null,
    reissues: 0,
  }
  return { state, code: codec.formatRenewal({ id, family, generation }) }
}

function makeBinding(
  request: SessionRequest,
  address: string | null,
  options: CallOptions,
): Binding | null {
  const wanted = request.bindAddress ?? false
  const keyThumbprint = request.bindKey === true ? (options.keyThumbprint ?? null) : null
  const prefix =
    wanted === false || address === null
      ? null
      : addressPrefix(address, wanted === true ? { v4: 32, v6: 128 } : wanted)
  if (
    (wanted !== false && prefix === null) ||
    (request.bindKey === true && keyThumbprint === null)
  ) {
    throw new LatchkeyError(
      'invalid_request',
      'The request has no address or key to bind the session to.',
    )
  }
  return prefix === null && keyThumbprint === null ? null : { addressPrefix: prefix, keyThumbprint }
}

// The end of a parent session also ends the impersonation that was started from it.
function replacedBy({ session }: Authenticated): string {
  return session.parent ?? session.id
}
