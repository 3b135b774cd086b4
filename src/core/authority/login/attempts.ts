import { addressPrefix } from '../../address.ts'
import { type Refusal, refuse } from '../../errors.ts'
import type { CounterRule } from '../../ports/index.ts'
import { type AuthorityContext, addressOf, type CallOptions } from '../context.ts'

const DAY = 86_400_000

/** An attempt to prove a password, counted before the proof is looked at. */
export interface Attempt {
  readonly ok: true
  /** The proof was right: forget the identity's failures, take the address's back, remember the address. */
  succeeded(actorId: string): Promise<void>
  /** The proof was not looked at: take everything back. */
  withdraw(): Promise<void>
}

/**
 * Reserves an attempt at a password. Failures count per identity (whether anybody has it or not) and per address. An
 * address that has logged in to the actor before has a count of its own: a stranger's failures do not hold up the owner.
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
    prefix === null || actorId === null ? null : `known/${actorId}/${context.hashIdentity(prefix)}`
  const known =
    knownKey === null ? null : await context.ask(() => context.store.documents.find(knownKey, now))
  const identityKey = known === null ? `login/${counted}` : `login/${counted}/${prefix}`
  const addressKey = prefix === null ? null : `address/${prefix}`
  const wanted = [{ key: identityKey, rule: identityRule(context, known === null) }]
  if (addressKey !== null) {
    wanted.push({
      key: addressKey,
      rule: perMinute(context.settings.get('throttle.addressPerMinute')),
    })
  }
  const reserved = await context.ask(
    () => context.store.counters.reserve(wanted, now),
    options.signal,
  )
  if (!reserved.ok) return throttled('Too many attempts.', reserved)
  const refund = async (keys: (string | null)[]) => {
    const given = keys.filter((key) => key !== null)
    if (given.length > 0) await context.ask(() => context.store.counters.refund(given, now))
  }
  return {
    ok: true,
    async succeeded(id) {
      await Promise.all([
        context.ask(() => context.store.counters.remove([identityKey])),
        refund([addressKey]),
        prefix === null
          ? null
          : rememberAddress(
              context,
              `known/${id}/${context.hashIdentity(prefix)}`,
              known?.expiresAt,
              now,
            ),
      ])
    },
    withdraw: () => refund([identityKey, addressKey]),
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

/** Counts an act of a stranger, or one that tells which names are taken, against its address. */
export async function reserveCreation(
  context: AuthorityContext,
  what: 'register' | 'rename' | 'anonymous' | 'claim' | 'device',
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
  return throttled('Too many at once from your address.', reserved)
}

/**
 * Reserves a try at a code that an actor types, counted for the actor and its address; `withdraw` it when the code was right. Wrong ones
 * make their pauses longer as failed logins do, and are counted apart from those.
 */
export async function reserveCode(
  context: AuthorityContext,
  actorId: string,
  options: CallOptions,
): Promise<{ ok: true; withdraw(): Promise<void> } | Refusal> {
  const now = context.now(options)
  const address = addressOf(options)
  const wanted = [{ key: `code/${actorId}`, rule: identityRule(context, false) }]
  if (address !== null) {
    const rule = perMinute(context.settings.get('throttle.addressPerMinute'))
    wanted.push({ key: `code-address/${addressPrefix(address)}`, rule })
  }
  const reserved = await context.ask(
    () => context.store.counters.reserve(wanted, now),
    options.signal,
  )
  if (!reserved.ok) return throttled('Too many attempts.', reserved)
  const keys = wanted.map(({ key }) => key)
  return { ok: true, withdraw: () => context.ask(() => context.store.counters.refund(keys, now)) }
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
