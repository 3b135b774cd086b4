import { randomUUID } from 'node:crypto'
import { type Actor, anonymousActor, canonicalIdentity } from '../../actor.ts'
import { LatchkeyError, type Refusal, refuse } from '../../errors.ts'
import type { ActorWithCredential, Epochs } from '../../ports/index.ts'
import type { SessionView } from '../../session/record.ts'
import { addressOf } from '../address-of.ts'
import { ActorEntry, SessionEntry } from '../cache/session-entry.ts'
import { type AuthorityContext, type CallOptions, settle } from '../context.ts'
import {
  type CreatedSession,
  createSession,
  type SessionRequest,
} from '../sessions/create-session.ts'
import { type Attempt, reserveAttempt, reserveCreation } from './attempts.ts'

/** The proof of a login: a password, and exactly one of an identity and an actor id. */
export type LoginProof = { readonly password: string } & (
  | {
      /** Name or e-mail, as typed. */
      readonly identity: string
      readonly actorId?: never
    }
  | { readonly actorId: string; readonly identity?: never }
)

/** A login with a password: the actor, the proof, and what its session is to be. */
export type LoginRequest = SessionRequest & LoginProof

/** Longer than the id of any actor. */
const MAX_ID_CHARS = 254

/** A new session. The token and the renewal code are returned only this once. */
export interface LoggedIn {
  /** True: the session was created or renewed. */
  readonly ok: true
  /** The session, without its secrets. */
  readonly session: SessionView
  /** The actor that the session acts as. */
  readonly actor: Actor
  /** The token, which the client presents with every request. */
  readonly token: string
  /** The renewal code, if the profile has one. */
  readonly renewal: string | null
  /** When the token itself expires, in formats with an expiry: refresh it before. */
  readonly expiresAt?: number
}

/**
 * Verifies a password and creates a session. The answer and the work are the same for an unknown
 * identity and a wrong password. Refuses `credentials_invalid`, `actor_suspended` (only for the
 * right password), `throttled`, `busy`, `session_limit`, `conflict`, `unavailable`. A
 * `LatchkeyError` thrown by a guard becomes a refusal with its code; any other thrown value becomes
 * `access_denied` with that value as `cause`.
 */
export function login(
  context: AuthorityContext,
  request: LoginRequest,
  options: CallOptions,
): Promise<LoggedIn | Refusal> {
  return settle(async () => {
    const proven = await proveOrAudit(context, request, options)
    if (!proven.ok) return proven
    const created = await createSession(
      context,
      { owner: proven.actor.id, epochs: proven.epochs, act: 'login' },
      request,
      options,
    )
    return created.ok ? present(created, proven.actor) : created
  })
}

/** A proof that was right, for a session that is created later. */
export interface VerifiedLogin {
  /** True: the proof was right. */
  readonly ok: true
  /** The actor that the proof is of. */
  readonly actor: Actor
  /** The epochs read before the proof. Pass them to `sessions.loginAs`. */
  readonly epochs: Epochs
}

/**
 * Verifies a password without creating a session, with the refusals, guards, throttling and work of
 * {@link login}. Only a refusal is audited.
 */
export function verifyLogin(
  context: AuthorityContext,
  proof: LoginProof,
  options: CallOptions,
): Promise<VerifiedLogin | Refusal> {
  return settle(() => proveOrAudit(context, proof, options))
}

async function proveOrAudit(
  context: AuthorityContext,
  request: LoginRequest,
  options: CallOptions,
): Promise<VerifiedLogin | Refusal> {
  const typed = typedName(request)
  const proven = await prove(context, typed, request, options)
  if (proven.ok) return proven
  await auditRefusal(context, typed, proven, options)
  const { actor: _, ...refusal } = proven
  return refusal
}

/**
 * Returns the identity to look up; empty if no actor can have it. Throws `invalid_request` unless
 * exactly one of the two is given.
 */
function typedName({ identity, actorId }: LoginProof): string {
  if ((identity === undefined) === (actorId === undefined)) {
    throw new LatchkeyError(
      'invalid_request',
      'The login names no actor or two. Give either identity or actorId.',
    )
  }
  if (actorId === undefined) return canonicalIdentity(identity) ?? ''
  return actorId.length > MAX_ID_CHARS ? '' : actorId
}

// At most one entry a minute for each throttled identity and address, so that a flood does not fill
// the audit trail.
async function auditRefusal(
  context: AuthorityContext,
  identity: string,
  { code, actor }: Refusal & { actor: Actor | null },
  options: CallOptions,
): Promise<void> {
  const entry = context.entry(
    'login',
    code,
    actor === null ? { identity } : { actor: actor.id },
    options,
  )
  context.report(entry)
  if (code === 'throttled') {
    const key = `audited/${actor?.id ?? entry.identityHash}/${entry.address}`
    const rule = { kind: 'window', limit: 1, windowMs: 60_000 } as const
    const first = await context.ask(() => context.store.counters.reserve([{ key, rule }], entry.at))
    if (!first.ok) return
  }
  await context.ask(() => context.store.audit.append([entry]))
}

type Proven = VerifiedLogin | (Refusal & { actor: Actor | null })

async function prove(
  context: AuthorityContext,
  identity: string,
  request: LoginRequest,
  options: CallOptions,
): Promise<Proven> {
  const find = request.actorId === undefined ? 'findByIdentity' : 'find'
  const found = identity === '' ? null : await context.ask(() => context.directory[find](identity))
  const actor = found?.actor ?? null
  const before = await runGuards(context, 'before', { identity, actor, request }, options)
  if (before !== null) return { ...before, actor }
  // The epochs are read before the credential: a change writes the credential first and raises the
  // epoch after.
  const epochs = await context.ask(() => context.store.sessions.findEpochs(actor?.id ?? ''))
  const fresh = actor === null ? null : await context.findCredential(actor.id, options.signal)
  const attempt = await reserveAttempt(context, { identity, actorId: actor?.id ?? null }, options)
  if (!attempt.ok) return { ...attempt, actor }
  const verified = await verify(context, attempt, request.password, fresh, options)
  if (!verified.ok || fresh === null) {
    return { ...refuse('credentials_invalid', 'Name or password is wrong.'), actor }
  }
  const proven = fresh.actor
  await Promise.all([
    attempt.succeeded(proven.id),
    verified.rehash ? rehash(context, fresh, request.password) : null,
  ])
  if (proven.status === 'suspended') {
    return { ...refuse('actor_suspended', 'This account is suspended.'), actor: proven }
  }
  const after = await runGuards(context, 'after', { identity, actor: proven, request }, options)
  if (after !== null) return { ...after, actor: proven }
  return { ok: true, actor: proven, epochs }
}

/** Verifies a password under an attempt, which is withdrawn if the password was not verified. */
export async function verify(
  context: AuthorityContext,
  attempt: Attempt,
  password: string,
  found: ActorWithCredential | null,
  options: CallOptions,
): Promise<{ ok: boolean; rehash: boolean }> {
  try {
    const verified = await context.hasher.verify(
      password,
      found?.passwordHash ?? null,
      options.signal === undefined ? {} : { signal: options.signal },
    )
    if (!verified.ok) attempt.failed()
    return verified
  } catch (error) {
    await attempt.withdraw()
    throw error
  }
}

async function rehash(
  context: AuthorityContext,
  found: ActorWithCredential,
  password: string,
): Promise<void> {
  const setPassword = context.directory.setPassword?.bind(context.directory)
  if (setPassword === undefined) return
  try {
    const hash = await context.hasher.hash(password)
    await context.ask(() => setPassword(found.actor.id, hash, found.passwordHash))
  } catch (error) {
    // The login succeeds: the stored hash still verifies, and the next login tries again.
    context.onError(error)
  }
}

/** Returns the refusal of the first guard that refuses, or null. */
export async function runGuards(
  context: AuthorityContext,
  when: 'before' | 'after',
  { identity, actor, request }: { identity: string; actor: Actor | null; request: SessionRequest },
  options: CallOptions,
): Promise<Refusal | null> {
  for (const guard of context.guards) {
    if (guard.when !== when) continue
    try {
      await guard.check({
        identity,
        actor,
        profile: request.profile ?? 'web',
        source: {
          door: options.door ?? 'library',
          address: addressOf(options),
          userAgent: options.userAgent ?? null,
        },
        now: context.now(options),
      })
    } catch (error) {
      if (error instanceof LatchkeyError) return refuse(error.code, error.message, error.details)
      return refuse('access_denied', 'This login is not allowed.', { cause: error })
    }
  }
  return null
}

/** Returns what a caller receives for a new session. */
export function present(created: CreatedSession, actor: Actor): LoggedIn {
  const entry = new SessionEntry(created.record, new ActorEntry(actor, 0), null)
  return {
    ok: true,
    session: entry.view(),
    actor: entry.actor.actor,
    token: created.token,
    renewal: created.renewal,
    ...(created.expiresAt === undefined ? {} : { expiresAt: created.expiresAt }),
  }
}

/** A login whose proof was verified elsewhere. */
export interface TrustedLoginRequest extends SessionRequest {
  /** The epochs read before the proof: the login is refused (`conflict`) if one was raised since. Read now by default. */
  readonly epochs?: Epochs
  /** When the owner gave its proof, if that was before now (epoch milliseconds). */
  readonly authenticatedAt?: number
}

/**
 * Creates a session for an actor whose proof was verified elsewhere (another identity provider, a
 * test). Refuses `not_found`, `actor_suspended` and the codes of creating a session. Runs no
 * password check, guard or throttle.
 */
export function loginAs(
  context: AuthorityContext,
  actorId: string,
  request: TrustedLoginRequest,
  options: CallOptions,
): Promise<LoggedIn | Refusal> {
  return settle(async () => {
    const epochs =
      request.epochs ?? (await context.ask(() => context.store.sessions.findEpochs(actorId)))
    const found = await context.findCredential(actorId, options.signal)
    if (found === null) return refuse('not_found', 'There is no such actor.')
    if (found.actor.status === 'suspended') {
      return refuse('actor_suspended', 'This account is suspended.')
    }
    const { authenticatedAt } = request
    const making = {
      owner: actorId,
      epochs,
      act: 'login',
      detail: { proof: 'elsewhere' },
      ...(authenticatedAt === undefined ? {} : { authenticatedAt }),
    } as const
    const created = await createSession(context, making, request, options)
    return created.ok ? present(created, found.actor) : created
  })
}

/** The request for an anonymous session. */
export interface AnonymousLoginRequest extends SessionRequest {
  /** A new UUID by default. */
  readonly actorId?: string
  /**
   * Whether the application has identified the client; if so, it is not counted against its
   * address, and the audit trail has no entry for it. False by default.
   */
  readonly vouched?: boolean
}

/**
 * Creates an anonymous session, without any proof. It has the roles in `roles`, by default none.
 */
export function loginAnonymous(
  context: AuthorityContext,
  { vouched = false, ...request }: AnonymousLoginRequest,
  options: CallOptions,
): Promise<LoggedIn | Refusal> {
  return settle(async () => {
    const allowed = vouched ? null : await reserveCreation(context, 'anonymous', options)
    if (allowed !== null && !allowed.ok) return allowed
    const owner = request.actorId ?? randomUUID()
    const epochs = await context.ask(() => context.store.sessions.findEpochs(owner))
    const created = await createSession(
      context,
      { owner, epochs, anonymous: true, act: 'anonymous_login', audited: !vouched },
      { profile: 'anonymous', roles: [], ...request },
      options,
    )
    if (!created.ok) return created
    return present(created, anonymousActor(owner, created.record.createdAt))
  })
}
