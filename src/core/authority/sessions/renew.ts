import { type Refusal, refuse } from '../../errors.ts'
import type { Profile } from '../../session/profile.ts'
import type { RenewalState, SessionRecord } from '../../session/record.ts'
import { decideRenewal } from '../../session/renewal.ts'
import type { ParsedRenewal, TokenCodec } from '../../token/codec.ts'
import { PresentedToken } from '../../token/presented-token.ts'
import { hashSecret, sameDigest, seal, unseal } from '../../token/secret.ts'
import { type ActorEntry, pinOf, SessionEntry } from '../cache/session-entry.ts'
import { endedChange } from '../changes.ts'
import { clientIdOf } from '../clients/client-sessions.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import type { LoggedIn } from '../login/login.ts'
import { usableFrom } from './authenticate.ts'

const INVALID = refuse('token_invalid', 'The renewal code is not valid. Log in again.')

/** Options of a renewal. */
export interface RenewOptions extends CallOptions {
  /**
   * The token issued with the renewal code, for clients that must present both: the renewal is
   * refused (`token_invalid`, nothing changes) unless it is of the same session and generation.
   */
  readonly token?: string
  /**
   * The OAuth client that presents the code. The renewal is refused (`token_invalid`, nothing
   * changes) unless the session was issued to this client; without it, if it was issued to any.
   */
  readonly clientId?: string
}

/**
 * Exchanges a renewal code for the next token and code. The session keeps its id and its open
 * connections. A retry within the grace period returns the same successor, on any node; an older
 * code that was used before ends the session (`session_revoked`, reason `reuse_detected`). Source:
 * RFC 9700 4.14.2, FAPI 2.0.
 */
export function renew(
  context: AuthorityContext,
  code: string,
  options: RenewOptions,
): Promise<LoggedIn | Refusal> {
  return settle(async () => {
    const parsed = context.parseRenewal(code)
    if (parsed === null) return INVALID
    // After a lost race the record has the winner's generation, so another read decides.
    for (let attempt = 0; attempt < 5; attempt++) {
      const outcome = await renewOnce(context, parsed, options)
      if (outcome !== null) return outcome
    }
    return refuse('conflict', 'The session changed repeatedly during the renewal. Try again.')
  })
}

async function renewOnce(
  context: AuthorityContext,
  parsed: ParsedRenewal & { codec: TokenCodec },
  options: RenewOptions,
): Promise<LoggedIn | Refusal | null> {
  const now = context.now(options)
  const found = await context.ask(() => context.store.sessions.load(parsed.id), options.signal)
  if (found === null || found.record.renewal === null) return INVALID
  if (clientIdOf(found.record) !== (options.clientId ?? null)) return INVALID
  // A use in the buffer counts like a written one.
  const used = context.touches.find(found.record.id) ?? 0
  const record = { ...found.record, lastUsedAt: Math.max(found.record.lastUsedAt, used) }
  const decision = decideRenewal(
    record,
    { familyHash: hashSecret(parsed.family), hash: hashSecret(parsed.generation) },
    {
      now,
      epochs: found.epochs,
      graceMs: context.settings.get('renewal.graceMs'),
      // A verifier with published keys cannot detect a superseded token.
      lostAnswerMs:
        parsed.codec.keys === undefined ? context.settings.get('renewal.lostAnswerMs') : 0,
    },
  )
  if (decision === 'invalid') return INVALID
  if (decision === 'expired')
    return refuse('session_expired', 'The session has expired. Log in again.')
  if (decision === 'ended') return ended(record.endReason ?? 'locked')
  // Theft is decided before the binding, so that a thief at another address is detected.
  if (decision === 'theft') return endFamily(context, record, options)
  if (!usableFrom(context, { binding: record.binding, pin: pinOf(record) }, options)) return INVALID
  const shown = decision === 'renew' ? record.tokenHash : record.previousTokenHash
  if (!isToken(context, options.token, record, shown)) return INVALID
  const actor = await context.actorOf(record, now)
  if (decision === 'same-again') return sameAgain(record, parsed, actor)
  return issueSuccessor(context, { record, decision, parsed, actor }, options)
}

// A missing token is accepted: the code alone determines the generation.
function isToken(
  context: AuthorityContext,
  token: string | undefined,
  { id, owner }: SessionRecord,
  tokenHash: string | null,
): boolean {
  if (token === undefined) return true
  const presented = context.parseToken(token)
  if (presented === null) return false
  const parsed = PresentedToken.partsOf(presented)
  if (parsed.id !== id || (parsed.owner ?? owner) !== owner) return false
  return tokenHash !== null && sameDigest(hashSecret(parsed.secret), tokenHash)
}

function ended(reason: string): Refusal {
  return refuse('session_revoked', 'The session has ended. Log in again.', { reason })
}

interface Successor {
  readonly record: SessionRecord
  readonly decision: 'renew' | 'reissue'
  readonly parsed: ParsedRenewal & { codec: TokenCodec }
  readonly actor: ActorEntry
}

async function issueSuccessor(
  context: AuthorityContext,
  { record, decision, parsed, actor }: Successor,
  options: CallOptions,
): Promise<LoggedIn | null> {
  const now = context.now(options)
  const profile = context.settings.profile(record.profile)
  const secret = parsed.codec.createSecret()
  const generation = parsed.codec.createSecret()
  const previous =
    decision === 'renew' ? exchanged(record, parsed, profile, { now, context }) : kept(record)
  const renewed: SessionRecord = {
    ...record,
    ...previous,
    tokenHash: hashSecret(secret),
    renewal: {
      ...previous.renewal,
      familyHash: hashSecret(parsed.family),
      hash: hashSecret(generation),
      sealed: seal(`${secret} ${generation}`, parsed.generation, record.id),
    },
    lastUsedAt: now,
    tokenExpiresAt: tokenEnd(record, profile?.tokenMs ?? null, now),
    generation: record.generation + 1,
    issuedAt: now,
    usedAt: null,
    version: record.version + 1,
  }
  const audit = context.entry(
    'renewal',
    'ok',
    {
      actor: record.owner,
      session: record.id,
      detail: decision === 'reissue' ? { reissue: true } : null,
    },
    options,
  )
  // A successor that was used in the meantime must not be replaced.
  const conditions = { audit, unused: decision === 'reissue' }
  const dies = decision === 'reissue' || renewed.previousTokenUntil <= now
  const written = await context.write(
    () => context.store.sessions.update(renewed, record.version, conditions),
    (done) => {
      if (!done) return null
      return { kind: dies ? 'session-rotated' : 'session-changed', id: record.id }
    },
  )
  if (!written) return null
  context.report(audit)
  return presentRenewed(renewed, parsed, actor, { secret, generation })
}

type Previous = Pick<SessionRecord, 'previousTokenHash' | 'previousTokenUntil'> & {
  readonly renewal: Pick<RenewalState, 'previousHash' | 'renewedAt' | 'reissues'>
}

/** The current generation becomes the previous one. */
function exchanged(
  record: SessionRecord,
  parsed: ParsedRenewal,
  profile: Profile | null,
  { now, context }: { readonly now: number; readonly context: AuthorityContext },
): Previous {
  const graceEnd = now + context.settings.get('renewal.graceMs')
  return {
    previousTokenHash: record.tokenHash,
    previousTokenUntil: oldTokenUntil(record, profile?.oldToken ?? 'dies', graceEnd),
    renewal: { previousHash: hashSecret(parsed.generation), renewedAt: now, reissues: 0 },
  }
}

/** The previous generation stays, and the unused successor is dropped. */
function kept({ previousTokenHash, previousTokenUntil, renewal }: SessionRecord): Previous {
  return {
    previousTokenHash,
    previousTokenUntil,
    renewal: {
      previousHash: renewal?.previousHash ?? null,
      renewedAt: renewal?.renewedAt ?? 0,
      reissues: (renewal?.reissues ?? 0) + 1,
    },
  }
}

function oldTokenUntil(record: SessionRecord, fate: Profile['oldToken'], graceEnd: number): number {
  if (fate === 'expires') return record.tokenExpiresAt ?? record.endsAt
  return fate === 'grace' ? graceEnd : 0
}

function tokenEnd(record: SessionRecord, tokenMs: number | null, now: number): number | null {
  if (record.tokenExpiresAt === null || tokenMs === null) return record.tokenExpiresAt
  return Math.min(now + tokenMs, record.endsAt)
}

function sameAgain(
  record: SessionRecord,
  parsed: ParsedRenewal & { codec: TokenCodec },
  actor: ActorEntry,
): LoggedIn | Refusal {
  const sealed = record.renewal?.sealed ?? null
  const opened = sealed === null ? null : unseal(sealed, parsed.generation, record.id)
  const [secret, generation] = opened?.split(' ') ?? []
  if (secret === undefined || generation === undefined) return INVALID
  if (!sameDigest(hashSecret(secret), record.tokenHash)) {
    // A step-up in between returned a token to its caller that the retry must not get.
    return refuse('conflict', 'The session changed after this renewal. Log in again.')
  }
  return presentRenewed(record, parsed, actor, { secret, generation })
}

function presentRenewed(
  record: SessionRecord,
  parsed: ParsedRenewal & { codec: TokenCodec },
  actor: ActorEntry,
  successor: { secret: string; generation: string },
): LoggedIn {
  const { codec, id, family } = parsed
  const entry = new SessionEntry(record, actor, null)
  return {
    ok: true,
    session: entry.view(),
    actor: actor.actor,
    token: codec.format({ id, secret: successor.secret }, record),
    renewal: codec.formatRenewal({ id, family, generation: successor.generation }),
  }
}

async function endFamily(
  context: AuthorityContext,
  record: SessionRecord,
  options: CallOptions,
): Promise<Refusal> {
  const audit = context.entry(
    'reuse_detected',
    'session_revoked',
    { actor: record.owner, session: record.id },
    options,
  )
  const at = { now: context.now(options), reason: 'reuse_detected' } as const
  const sessions = await context.write(
    () => context.store.sessions.end({ id: record.id }, at, { audit }),
    endedChange,
  )
  if (sessions.length > 0) context.report(audit)
  return ended('reuse_detected')
}
