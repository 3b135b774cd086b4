import { addressPrefix } from '../../address.ts'
import { type Refusal, refuse } from '../../errors.ts'
import type { CounterRule } from '../../ports/index.ts'
import { addressOf } from '../address-of.ts'
import type { AuthorityContext, CallOptions } from '../context.ts'

const DAY = 86_400_000

/** An attempt to prove a password, counted before the proof is verified. */
export interface Attempt {
  /** True: the attempt may be made. */
  readonly ok: true
  /**
   * The proof was right: resets the identity's failures, refunds the address, and remembers the
   * address.
   */
  succeeded(actorId: string): Promise<void>
  /** The proof was wrong: the attempt stays counted. */
  failed(): void
  /** The proof was not verified: refunds everything. */
  withdraw(): Promise<void>
}

/**
 * Reserves an attempt at a password. Failures count per identity (existing or not) and per address.
 * An address that has logged in to the actor before has its own counter, so that failures from
 * other addresses do not throttle the owner. An attempt that the counters refuse first waits for
 * those under way, so that concurrent right proofs do not refuse each other.
 */
export async function reserveAttempt(
  context: AuthorityContext,
  { identity, actorId }: { identity: string; actorId: string | null },
  options: CallOptions,
): Promise<Attempt | Refusal> {
  const now = context.now(options)
  const address = addressOf(options)
  const prefix = address === null ? null : addressPrefix(address)
  const counted = actorId ?? context.hashIdentity(identity)
  const knownKey =
    prefix === null || actorId === null
      ? null
      : `knownAddress/${actorId}/${context.hashIdentity(prefix)}`
  const knownAddress =
    knownKey === null ? null : await context.ask(() => context.store.documents.find(knownKey, now))
  const identityKey = knownAddress === null ? `login/${counted}` : `login/${counted}/${prefix}`
  const addressKey = prefix === null ? null : `address/${prefix}`
  const wanted = [{ key: identityKey, rule: identityRule(context, knownAddress === null) }]
  if (addressKey !== null) {
    wanted.push({
      key: addressKey,
      rule: perMinute(context.settings.get('throttle.addressPerMinute')),
    })
  }
  const { reserved, settle } = await reserveOrWait(context, wanted, options)
  if (!reserved.ok) return throttled('Too many attempts.', reserved)
  const refund = async (keys: (string | null)[]) => {
    const given = keys.filter((key) => key !== null)
    if (given.length > 0) await context.ask(() => context.store.counters.refund(given, now))
  }
  return {
    ok: true,
    failed: settle,
    async succeeded(id) {
      await settlingAfter(settle, [
        context.ask(() => context.store.counters.remove([identityKey])),
        refund([addressKey]),
        prefix === null
          ? null
          : rememberAddress(
              context,
              `knownAddress/${id}/${context.hashIdentity(prefix)}`,
              knownAddress?.expiresAt,
              now,
            ),
      ])
    },
    withdraw: () => settlingAfter(settle, [refund([identityKey, addressKey])]),
  }
}

interface Wanted {
  readonly key: string
  readonly rule: CounterRule
}

function reserveOrWait(context: AuthorityContext, wanted: readonly Wanted[], options: CallOptions) {
  const { counters } = context.store
  return context.attempts.reserve(
    wanted.map(({ key }) => key),
    () => context.ask(() => counters.reserve(wanted, context.now(options)), options.signal),
  )
}

async function settlingAfter(
  settle: () => void,
  writes: readonly (Promise<unknown> | null)[],
): Promise<void> {
  try {
    await Promise.all(writes)
  } finally {
    settle()
  }
}

async function rememberAddress(
  context: AuthorityContext,
  key: string,
  knownUntil: number | null | undefined,
  now: number,
): Promise<void> {
  const expiresAt = now + context.settings.get('throttle.knownAddressMs')
  if (typeof knownUntil === 'number' && knownUntil > expiresAt - DAY) return
  await context.ask(() => context.store.documents.save(key, '1', { now, expiresAt }))
}

/** Counts a change of an actor’s identities, against the actor and its address. */
export async function reserveIdentityChange(
  context: AuthorityContext,
  actorId: string,
  options: CallOptions,
): Promise<{ ok: true } | Refusal> {
  const limit = context.settings.get('throttle.identityChangesPerHour')
  const rule = { kind: 'window', limit, windowMs: 3_600_000 } as const
  const now = context.now(options)
  const wanted = [{ key: `identities/${actorId}`, rule }]
  const reserved = await context.ask(() => context.store.counters.reserve(wanted, now))
  if (!reserved.ok) return throttled('Too many changes of name or address.', reserved)
  return reserveCreation(context, 'rename', options)
}

/** Counts an unauthenticated act, or one that reveals which names exist, against its address. */
export async function reserveCreation(
  context: AuthorityContext,
  what: 'register' | 'rename' | 'anonymous' | 'code' | 'device',
  options: CallOptions,
): Promise<{ ok: true } | Refusal> {
  const address = addressOf(options)
  const prefix = address === null ? null : addressPrefix(address)
  if (prefix === null) return { ok: true }
  const rule = perMinute(context.settings.get('throttle.createPerMinute'))
  const now = context.now(options)
  const reserved = await context.ask(() =>
    context.store.counters.reserve([{ key: `${what}/${prefix}`, rule }], now),
  )
  if (reserved.ok) return { ok: true }
  return throttled('Too many requests from your address.', reserved)
}

/**
 * Reserves an attempt at a code that an actor types, counted for the actor and its address. Call
 * `withdraw` if the code was right, else `failed`. Wrong codes lengthen the pause like failed logins, and are
 * counted separately.
 */
export async function reserveCode(
  context: AuthorityContext,
  actorId: string,
  options: CallOptions,
): Promise<{ ok: true; failed(): void; withdraw(): Promise<void> } | Refusal> {
  const now = context.now(options)
  const address = addressOf(options)
  const wanted = [{ key: `code/${actorId}`, rule: identityRule(context, false) }]
  if (address !== null) {
    const rule = perMinute(context.settings.get('throttle.addressPerMinute'))
    wanted.push({ key: `code-address/${addressPrefix(address)}`, rule })
  }
  const { reserved, settle } = await reserveOrWait(context, wanted, options)
  if (!reserved.ok) return throttled('Too many attempts.', reserved)
  const keys = wanted.map(({ key }) => key)
  const refund = () => context.ask(() => context.store.counters.refund(keys, now))
  return { ok: true, failed: settle, withdraw: () => settlingAfter(settle, [refund()]) }
}

function throttled(why: string, { retryAfterMs }: { readonly retryAfterMs: number }): Refusal {
  return refuse('throttled', `${why} Wait, then try again.`, { retryAfterMs })
}

function perMinute(limit: number): CounterRule {
  return { kind: 'window', limit, windowMs: 60_000 }
}

function identityRule(context: AuthorityContext, withHardLimit: boolean): CounterRule {
  return {
    kind: 'backoff',
    free: context.settings.get('throttle.identityFree'),
    baseMs: context.settings.get('throttle.identityBaseMs'),
    maxMs: context.settings.get('throttle.identityMaxMs'),
    hardLimit: withHardLimit ? context.settings.get('throttle.identityHardLimit') : null,
    forgetMs: withHardLimit ? 365 * DAY : DAY,
  }
}
