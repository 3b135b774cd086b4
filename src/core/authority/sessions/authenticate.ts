import { type Actor, ROLES } from '../../actor.ts'
import { addressPrefix, withinPrefix } from '../../address.ts'
import { type Refusal, refuse } from '../../errors.ts'
import { stateOf } from '../../session/lifetimes.ts'
import type { Binding, SessionView } from '../../session/record.ts'
import type { ParsedToken } from '../../token/codec.ts'
import { digestSecret, hashOfDigest, sameDigest } from '../../token/secret.ts'
import { isSessionId } from '../../token/session-id.ts'
import type { ActorEntry, SessionEntry } from '../cache/session-entry.ts'
import { touchIntervalMs } from '../cache/touch-buffer.ts'
import {
  type AuthorityContext,
  type CallOptions,
  type LoadedSession,
  settle,
  unlessAborted,
} from '../context.ts'
import { endSessions } from './revoke.ts'

/** A session that was checked and found good. */
export interface Authenticated {
  readonly ok: true
  readonly session: SessionView
  /** Who the session acts as: its owner, or under impersonation the other. */
  readonly actor: Actor
  /** Under impersonation the owner of the session, else null. */
  readonly impersonator: Actor | null
}

export interface RecheckOptions extends CallOptions {
  /** Only look: it is no use of the session and does not extend it. */
  readonly passive?: boolean
}

export type Authentication = Authenticated | Refusal

const MISSING = refuse('token_missing', 'No token was given.')
const INVALID = refuse('token_invalid', 'The token is not valid.')
const EXPIRED = refuse('session_expired', 'The session has expired. Log in again.')

/** Readings of one cached session in a second to confirm a no, past which the cache is cachedRefusal. */
const MAX_CONFIRMATIONS = 10

/**
 * The check of a token, on the path of every request. A yes comes from the cache if it can; a no is always confirmed by
 * the store (within bounds), so that no stale reading logs anybody out.
 */
export class SessionChecker {
  readonly #context: AuthorityContext
  readonly #confirmations = new Map<string, number>()
  #confirmedSecond = 0

  constructor(context: AuthorityContext) {
    this.#context = context
  }

  authenticate(token: string | null | undefined, options: CallOptions): Promise<Authentication> {
    if (token === null || token === undefined || token === '') return Promise.resolve(MISSING)
    const parsed = this.#context.parseToken(token)
    if (parsed === null) return Promise.resolve(INVALID)
    const now = this.#context.now(options)
    if (parsed.verify !== undefined) return this.#authenticateSigned(token, parsed, now, options)
    const checked = this.#check(parsed.id, parsed.secret, now, options)
    return parsed.owner === undefined ? checked : ofOwner(parsed.owner, checked)
  }

  // The signature first, so that the store is asked for nothing a stranger wrote, and that is no use of a session and is not told
  // why it is over.
  #authenticateSigned(
    token: string,
    parsed: ParsedToken,
    now: number,
    options: CallOptions,
  ): Promise<Authentication> {
    const digest = parsed.digests?.token ?? digestSecret(token)
    const secret = parsed.digests?.secret ?? digestSecret(parsed.secret)
    const { id, owner } = parsed
    const known = this.#cached(id)
    const proven = sameDigest(known?.proof ?? '', digest)
    const over = parsed.expiresAt !== undefined && parsed.expiresAt <= now
    const check = (entry: SessionEntry | undefined, asked: RecheckOptions) =>
      ofOwner(owner, this.#checkFound(id, entry, secret, now, asked))
    if (proven && !over) return check(known, options)
    return settle(async () => {
      if (!proven) {
        const signed = this.#context.ask(async () => parsed.verify?.() ?? false, options.signal)
        if (!(await signed)) return INVALID
      }
      const asked = over ? { ...options, passive: true } : options
      const checked = await check(this.#cached(id), asked)
      if (!checked.ok) return checked
      if (over) return EXPIRED
      const entry = proven ? undefined : this.#context.sessions.peek(id)
      if (entry !== undefined) entry.proof = digest
      return checked
    })
  }

  recheck(current: Authenticated, options: RecheckOptions): Promise<Authentication> {
    return this.#check(current.session.id, null, this.#context.now(options), options)
  }

  // Without a secret, it and what the session is bound to were checked when the connection was opened.
  #check(
    id: string,
    secret: string | null,
    now: number,
    options: RecheckOptions,
  ): Promise<Authentication> {
    // The look-up first: its marking of the entry brings it to the processor while the secret is hashed.
    const entry = this.#cached(id)
    const digest = secret === null ? null : digestSecret(secret)
    return this.#checkFound(id, entry, digest, now, options)
  }

  #cached(id: string): SessionEntry | undefined {
    return this.#context.trusted() ? this.#context.sessions.get(id) : undefined
  }

  #checkFound(
    id: string,
    entry: SessionEntry | undefined,
    digest: string | null,
    now: number,
    options: RecheckOptions,
  ): Promise<Authentication> {
    if (entry !== undefined && this.#parentCached(entry, now)) {
      const yes = this.#decide(entry, digest, now, options)
      if (yes !== null) return Promise.resolve(yes)
    }
    const refusal =
      entry === undefined ? null : cachedRefusal(this.#context, entry, digest, now, options)
    const confirm = () => this.#confirm(id, digest, now, refusal, options)
    return settle(() => unlessAborted(confirm(), options.signal))
  }

  #decide(
    entry: SessionEntry,
    digest: string | null,
    now: number,
    options: RecheckOptions,
  ): Authenticated | null {
    if (digest !== null && !entry.accepts(digest, now)) return null
    if (entry.expiresAt() <= now) return null
    if (!this.#context.isCurrent(entry.actor, now)) return null
    if (entry.impersonator !== null && !this.#mayImpersonate(entry, entry.impersonator, now)) {
      return null
    }
    if (digest !== null && !usableFrom(this.#context, entry, options)) return null
    if (options.passive !== true) this.#touch(entry, now)
    return {
      ok: true,
      session: entry.view(),
      actor: entry.actor.actor,
      impersonator: entry.impersonator === null ? null : entry.impersonator.actor,
    }
  }

  #mayImpersonate(entry: SessionEntry, impersonator: ActorEntry, now: number): boolean {
    if (!this.#context.isCurrent(impersonator, now)) return false
    return refusesImpersonation(impersonator.actor, entry.actor.actor) === null
  }

  // A parent that is not cached is no refusal: the store is asked.
  #parentCached(entry: SessionEntry, now: number): boolean {
    if (entry.parent === null) return true
    const parent = this.#context.sessions.get(entry.parent)
    return parent !== undefined && parent.expiresAt() > now
  }

  async #confirm(
    id: string,
    digest: string | null,
    now: number,
    cachedRefusal: Refusal | null,
    options: RecheckOptions,
  ): Promise<Authentication> {
    if (!isSessionId(id)) return INVALID
    // Joining a reading that is under way costs nothing, so it does not count.
    const free = cachedRefusal === null || this.#context.sessions.isFilling(id)
    if (!free && !this.#mayConfirm(id)) return cachedRefusal
    for (let attempt = 0; attempt < 3; attempt++) {
      options.signal?.throwIfAborted()
      const answer = await this.#readAndDecide(id, digest, now, options)
      if (answer !== null) return answer
    }
    return refuse('unavailable', 'The session keeps changing. Try again.')
  }

  // Null when an actor changed between the reading and the decision, so that it must be read again.
  async #readAndDecide(
    id: string,
    digest: string | null,
    now: number,
    options: RecheckOptions,
  ): Promise<Authentication | null> {
    const loaded = await this.#context.loadSession(id, now)
    if (digest !== null && !knowsSecret(loaded, digest, now)) return INVALID
    const entry = loaded.entry
    if (entry === null) return endReason(loaded, this.#context.globalEpoch, now)
    if (entry.expiresAt() <= now) return EXPIRED
    if (entry.parent !== null && !(await this.#parentLives(entry.parent, now))) {
      return revoked('parent_ended')
    }
    const yes = this.#decide(entry, digest, now, options)
    if (yes !== null) return yes
    if (digest !== null && !usableFrom(this.#context, entry, options)) return INVALID
    const by = entry.impersonator
    if (by === null || refusesImpersonation(by.actor, entry.actor.actor) === null) return null
    // For good: the role may come back within the hour, the impersonation does not.
    await endSessions(this.#context, { id }, options)
    return revoked('revoked')
  }

  async #parentLives(id: string, now: number): Promise<boolean> {
    const { entry } = await this.#context.loadSession(id, now)
    return entry !== null && entry.expiresAt() > now
  }

  #mayConfirm(id: string): boolean {
    const second = Math.floor(this.#context.store.clock.now() / 1000)
    if (second !== this.#confirmedSecond) {
      this.#confirmedSecond = second
      this.#confirmations.clear()
    }
    const count = (this.#confirmations.get(id) ?? 0) + 1
    this.#confirmations.set(id, count)
    return count <= MAX_CONFIRMATIONS
  }

  #touch(entry: SessionEntry, now: number): void {
    if (now <= entry.lastUsedAt) return
    entry.lastUsedAt = now
    if (now - entry.touchedAt < touchIntervalMs(entry.idleMs)) return
    entry.touchedAt = now
    this.#context.touches.add(entry.id, now)
  }
}

async function ofOwner(
  owner: string | undefined,
  checked: Promise<Authentication>,
): Promise<Authentication> {
  const check = await checked
  return check.ok && owner !== undefined && check.session.owner !== owner ? INVALID : check
}

/** The refusal that a cached session amounts to, or null where it is only the cache that is behind. */
function cachedRefusal(
  context: AuthorityContext,
  entry: SessionEntry,
  digest: string | null,
  now: number,
  options: CallOptions,
): Refusal | null {
  if (digest !== null && !entry.accepts(digest, now)) return INVALID
  if (entry.expiresAt() <= now) return EXPIRED
  return digest !== null && !usableFrom(context, entry, options) ? INVALID : null
}

function knowsSecret({ record, entry }: LoadedSession, digest: string, now: number): boolean {
  if (entry !== null) return entry.accepts(digest, now)
  return record !== null && sameDigest(record.tokenHash, hashOfDigest(digest))
}

function revoked(reason: string): Refusal {
  return refuse('session_revoked', 'The session has ended. Log in again.', { reason })
}

function endReason({ record }: LoadedSession, globalEpoch: number, now: number): Refusal {
  if (record === null) return INVALID
  const state = stateOf(record, { now, globalEpoch })
  if (state === 'expired' || record.endReason === 'expired') return EXPIRED
  if (record.endReason !== null) return revoked(record.endReason)
  return revoked(state === 'ended' ? 'locked' : 'suspended')
}

/** Whether a request meets what a session is bound to, by its own binding or by the setting that pins devices. */
export function usableFrom(
  context: AuthorityContext,
  { binding, pin }: Pick<SessionEntry, 'binding' | 'pin'>,
  options: CallOptions,
): boolean {
  return meetsBinding(binding, options) && (pin === null || meetsPin(context, pin, options))
}

function meetsPin({ settings }: AuthorityContext, pin: string, { address }: CallOptions): boolean {
  if (!settings.get('require_tokens_to_persist_ip')) return true
  const v4 = settings.get('persist_ip.prefixV4')
  const v6 = settings.get('persist_ip.prefixV6')
  const prefix = addressPrefix(pin, { v4, v6 })
  return prefix !== null && withinPrefix(address ?? null, prefix)
}

function meetsBinding(binding: Binding | null, options: CallOptions): boolean {
  if (binding === null) return true
  if (binding.addressPrefix !== null) {
    if (!withinPrefix(options.address ?? null, binding.addressPrefix)) return false
  }
  return binding.keyThumbprint === null || binding.keyThumbprint === (options.keyThumbprint ?? null)
}

/** Why one actor may not act as another, or null. Roles count at every check, so one taken away ends it. */
export function refusesImpersonation(impersonator: Actor, target: Actor): string | null {
  const { admin, impersonate } = ROLES
  if (!impersonator.roles.includes(impersonate) && !impersonator.roles.includes(admin)) {
    return 'You may not act as another.'
  }
  if (target.roles.includes(admin) || target.roles.includes('*'))
    return 'Nobody acts as an administrator.'
  return target.id === impersonator.id ? 'You are yourself already.' : null
}
