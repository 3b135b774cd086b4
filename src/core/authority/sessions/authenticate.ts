import { type Actor, ROLES } from '../../actor.ts'
import { addressPrefix, withinPrefix } from '../../address.ts'
import { type Refusal, refuse } from '../../errors.ts'
import type { ExternalSessions } from '../../ports/index.ts'
import { stateOf } from '../../session/lifetimes.ts'
import type { Binding, SessionView } from '../../session/record.ts'
import { PresentedToken } from '../../token/presented-token.ts'
import { digestSecret, hashOfDigest, sameDigest } from '../../token/secret.ts'
import { isSessionId } from '../../token/session-id.ts'
import type { ActorEntry, SessionEntry } from '../cache/session-entry.ts'
import { touchIntervalMs } from '../cache/touch-buffer.ts'
import { type AuthorityContext, type CallOptions, type LoadedSession, settle } from '../context.ts'
import { unlessAborted } from '../unless-aborted.ts'
import { checkExternal } from './external.ts'
import { endSessions } from './revoke.ts'

/** A session that was checked and is valid. */
export interface Authenticated {
  /** True: the session is valid. */
  readonly ok: true
  /** The session, without its secrets. */
  readonly session: SessionView
  /** The actor that the session acts as: its owner, or under impersonation the target. */
  readonly actor: Actor
  /** Under impersonation the owner of the session, else null. */
  readonly impersonator: Actor | null
  /** The token that the session was opened with, parsed; null where there was none. */
  readonly token: PresentedToken | null
}

/** Options of a repeated check of an open connection's session. */
export interface RecheckOptions extends CallOptions {
  /** Whether the check does not count as a use of the session and so does not extend it. */
  readonly passive?: boolean
}

/** The result of a check. A refusal also contains the token if its text has the form of one. */
export type Authentication = Authenticated | (Refusal & { readonly token?: PresentedToken })

const MISSING = refuse('token_missing', 'No token was given.')
const INVALID = refuse('token_invalid', 'The token is not valid. Log in again.')
const EXPIRED = refuse('session_expired', 'The session has expired. Log in again.')

/**
 * How many times a second a cached refusal of one session is confirmed by the store; above that the
 * cache decides.
 */
const MAX_CONFIRMATIONS = 10

/** One check in progress. */
interface Check {
  readonly id: string
  /** The digest of the presented secret; null if the session is checked without a token. */
  readonly digest: string | null
  readonly presented: PresentedToken | null
  readonly now: number
  readonly options: RecheckOptions
}

/**
 * Checks tokens, on the path of every request. A positive answer comes from the cache if possible;
 * a refusal is always confirmed by the store (up to a limit), so that no stale entry logs a user
 * out.
 */
export class SessionChecker {
  readonly #context: AuthorityContext
  readonly #confirmations = new Map<string, number>()
  #confirmedSecond = 0

  constructor(context: AuthorityContext) {
    this.#context = context
  }

  authenticate(token: string | null | undefined, options: RecheckOptions): Promise<Authentication> {
    if (token === null || token === undefined || token === '') return Promise.resolve(MISSING)
    const presented = this.#context.parseToken(token)
    if (presented === null) return Promise.resolve(INVALID)
    const parts = PresentedToken.partsOf(presented)
    const now = this.#context.now(options)
    const source = this.#externalOf(presented)
    if (source !== undefined) {
      const check = { id: parts.id, digest: digestSecret(parts.secret), presented, now, options }
      return this.#checkExternal(check, source)
    }
    if (parts.verify !== undefined) return this.#authenticateSigned(token, presented, now, options)
    // The look-up comes first: marking the entry loads it into the processor cache while the secret
    // is hashed.
    const entry = this.#cached(parts.id)
    const check = { id: parts.id, digest: digestSecret(parts.secret), presented, now, options }
    const checked = this.#checkFound(check, entry)
    return parts.owner === undefined ? checked : ofOwner(parts.owner, checked)
  }

  // The signature is verified first: for a forged token the store is not read, no use is counted
  // and no reason is given.
  #authenticateSigned(
    text: string,
    presented: PresentedToken,
    now: number,
    options: RecheckOptions,
  ): Promise<Authentication> {
    const parts = PresentedToken.partsOf(presented)
    const tokenDigest = parts.digests?.token ?? digestSecret(text)
    const digest = parts.digests?.secret ?? digestSecret(parts.secret)
    const { id, owner } = parts
    const cached = this.#cached(id)
    const proven = sameDigest(cached?.proof ?? '', tokenDigest)
    const expired = parts.expiresAt !== undefined && parts.expiresAt <= now
    const check = (entry: SessionEntry | undefined, asked: RecheckOptions) =>
      ofOwner(owner, this.#checkFound({ id, digest, presented, now, options: asked }, entry))
    if (proven && !expired) return check(cached, options)
    return settle(async () => {
      if (!proven) {
        const signed = this.#context.ask(async () => parts.verify?.() ?? false, options.signal)
        if (!(await signed)) return INVALID
      }
      const asked = expired ? { ...options, passive: true } : options
      const checked = await check(this.#cached(id), asked)
      if (!checked.ok) return checked
      if (expired) return EXPIRED
      const entry = proven ? undefined : this.#context.sessions.peek(id)
      if (entry !== undefined) entry.proof = tokenDigest
      return checked
    })
  }

  /** Checks the secret of a session that was found by other means than a token. */
  checkSecret(id: string, digest: string, options: CallOptions): Promise<Authentication> {
    const now = this.#context.now(options)
    return this.#checkFound({ id, digest, presented: null, now, options }, this.#cached(id))
  }

  // The secret and the binding were checked when the connection was opened.
  recheck(current: Authenticated, options: RecheckOptions): Promise<Authentication> {
    const { id } = current.session
    const check = {
      id,
      digest: null,
      presented: current.token,
      now: this.#context.now(options),
      options,
    }
    const source = current.token === null ? undefined : this.#externalOf(current.token)
    if (source !== undefined) return this.#checkExternal(check, source)
    return this.#checkFound(check, this.#cached(id))
  }

  #externalOf(presented: PresentedToken): ExternalSessions | undefined {
    const { external } = this.#context
    if (external.length === 0) return undefined
    return external.find(({ format }) => format === presented.format)
  }

  #checkExternal(check: Check, source: ExternalSessions): Promise<Authentication> {
    const passive = check.options.passive === true
    return settle(async () => {
      const found = await checkExternal(this.#context, source, check, { passive })
      if (found.state === 'live') {
        const { actor } = found.entry.actor
        const session = found.entry.view()
        return { ok: true, session, actor, impersonator: null, token: check.presented }
      }
      if (found.state === 'suspended') return revoked('suspended')
      return found.state === 'expired' ? EXPIRED : INVALID
    })
  }

  #cached(id: string): SessionEntry | undefined {
    return this.#context.trusted() ? this.#context.sessions.get(id) : undefined
  }

  #checkFound(check: Check, entry: SessionEntry | undefined): Promise<Authentication> {
    if (entry !== undefined && this.#parentCached(entry, check.now)) {
      const yes = this.#decide(check, entry)
      if (yes !== null) return Promise.resolve(yes)
    }
    const refusal = entry === undefined ? null : cachedRefusal(this.#context, entry, check)
    return settle(async () => {
      const answer = await unlessAborted(this.#confirm(check, refusal), check.options.signal)
      if (answer.ok || check.presented === null) return answer
      // The property is not enumerable, so that a copied or serialised refusal contains no token.
      return Object.defineProperty({ ...answer }, 'token', { value: check.presented })
    })
  }

  #decide(check: Check, entry: SessionEntry): Authenticated | null {
    const { digest, now, options } = check
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
      token: check.presented,
    }
  }

  #mayImpersonate(entry: SessionEntry, impersonator: ActorEntry, now: number): boolean {
    if (!this.#context.isCurrent(impersonator, now)) return false
    return refusesImpersonation(impersonator.actor, entry.actor.actor) === null
  }

  // A parent that is not cached does not refuse the check: the store is read.
  #parentCached(entry: SessionEntry, now: number): boolean {
    if (entry.parent === null) return true
    const parent = this.#context.sessions.get(entry.parent)
    return parent !== undefined && parent.expiresAt() > now
  }

  async #confirm(check: Check, refusal: Refusal | null): Promise<Authentication> {
    const { id, options } = check
    if (!isSessionId(id)) return INVALID
    // Joining a read in progress costs nothing, so it is not counted.
    const free = refusal === null || this.#context.sessions.isFilling(id)
    if (!free && !this.#mayConfirm(id)) return refusal
    for (let attempt = 0; attempt < 3; attempt++) {
      options.signal?.throwIfAborted()
      const answer = await this.#readAndDecide(check)
      if (answer !== null) return answer
    }
    return refuse('unavailable', 'The session changed repeatedly during the check. Try again.')
  }

  // Returns null if an actor changed between the read and the decision and must be read again.
  async #readAndDecide(check: Check): Promise<Authentication | null> {
    const { id, digest, now, options } = check
    const loaded = await this.#context.loadSession(id, now)
    if (digest !== null && !knowsSecret(loaded, digest, now)) return INVALID
    const entry = loaded.entry
    if (entry === null) return refusalOfEnd(loaded, now)
    if (entry.expiresAt() <= now) return EXPIRED
    if (entry.parent !== null && !(await this.#parentLives(entry.parent, now))) {
      return revoked('parent_ended')
    }
    const yes = this.#decide(check, entry)
    if (yes !== null) return (await this.#recordFirstUse(check, loaded)) ? yes : null
    if (digest !== null && !usableFrom(this.#context, entry, options)) return INVALID
    const by = entry.impersonator
    if (by === null || refusesImpersonation(by.actor, entry.actor.actor) === null) return null
    // The impersonation ends permanently, even if the role is granted again.
    await endSessions(this.#context, { id }, options)
    return revoked('revoked')
  }

  /**
   * Records durably that a generation was used, before the answer is positive. Returns false if the
   * session changed meanwhile.
   */
  async #recordFirstUse({ id, digest, now }: Check, { record }: LoadedSession): Promise<boolean> {
    if (digest === null || record === null || record.usedAt !== null) return true
    // The previous token, which is valid during the grace period, does not count as a use of this
    // generation.
    if (!sameDigest(record.tokenHash, hashOfDigest(digest))) return true
    return this.#context.ask(() =>
      this.#context.store.sessions.markUsed(id, record.generation, now),
    )
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
    // The first use of an anonymous session is written at once: its idle time is longer from then on.
    if (!entry.isUnused() && now - entry.touchedAt < touchIntervalMs(entry.idleMs)) return
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

/**
 * Returns the refusal that follows from a cached session, or null if only the cache is outdated.
 */
function cachedRefusal(
  context: AuthorityContext,
  entry: SessionEntry,
  { digest, now, options }: Check,
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

function refusalOfEnd({ record, epochs }: LoadedSession, now: number): Refusal {
  if (record === null || epochs === null) return INVALID
  const state = stateOf(record, { now, epochs })
  if (state === 'expired' || record.endReason === 'expired') return EXPIRED
  if (record.endReason !== null) return revoked(record.endReason)
  if (record.globalEpoch < epochs.global) return revoked('locked')
  // The epoch is raised first; the session is marked with its reason afterwards.
  return revoked(state === 'ended' ? 'revoked' : 'suspended')
}

/**
 * Returns whether a request meets the binding of the session, or of the setting that pins `device`
 * sessions.
 */
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

/**
 * Returns why one actor may not act as another, or null. Called at every check, so a removed role
 * ends the impersonation.
 */
export function refusesImpersonation(impersonator: Actor, target: Actor): string | null {
  const { admin, impersonate } = ROLES
  if (!impersonator.roles.includes(impersonate) && !impersonator.roles.includes(admin)) {
    return 'You may not impersonate: your roles do not allow it.'
  }
  if (target.roles.includes(admin) || target.roles.includes('*'))
    return 'An administrator cannot be impersonated.'
  return target.id === impersonator.id ? 'You cannot impersonate yourself.' : null
}
