import { type Authority, type AuthorityOptions, createAuthority, type Settings } from 'latchkey'
import { sqlite } from 'latchkey/stores/sqlite'
import { inParallel } from './in-parallel.ts'

/**
 * No bench is stopped by the throttle: every call comes from one address, which no visitor's would. The counters are
 * written all the same.
 */
export const WITHOUT_THROTTLE: Partial<Settings> = {
  'throttle.identityFree': 1_000_000,
  'throttle.identityHardLimit': 1_000_000,
  'throttle.addressPerMinute': 1_000_000,
  'throttle.createPerMinute': 1_000_000,
}

export const CALLERS = 1000

/** An authority on a SQLite store with full durability, its cache large enough for any bench. */
export async function openFixture(
  folder: string,
  options: Omit<AuthorityOptions, 'store'> = {},
): Promise<Authority> {
  return await createAuthority({
    store: sqlite({ folder }),
    cache: { maxEntries: 2_000_000, maxBytes: 8 * 1024 ** 3 },
    storeTimeoutMs: 120_000,
    pruneEveryMs: 0,
    ...options,
  })
}

/** Adds actors without a password and returns their ids. */
export async function addActors(authority: Authority, count: number): Promise<string[]> {
  return await inParallel(count, CALLERS, async (index) => {
    const imported = await authority.actors.import({ name: `actor ${index}` })
    if (!imported.ok) throw new Error(`actor ${index}: ${imported.code}`)
    return imported.actor.id
  })
}

export interface Secrets {
  readonly token: string
  readonly renewal: string
}

/** Logs the actors in, in turn, until there are `count` sessions. */
export async function logIn(
  authority: Authority,
  actors: readonly string[],
  count: number,
): Promise<Secrets[]> {
  return await inParallel(count, CALLERS, async (index) => {
    const loggedIn = await authority.sessions.loginAs(actors[index % actors.length] ?? '')
    if (!loggedIn.ok) throw new Error(`session ${index}: ${loggedIn.code}`)
    return { token: loggedIn.token, renewal: loggedIn.renewal ?? '' }
  })
}

/** Checks every token once, at that time, so that all of them are in the cache. */
export async function warm(
  authority: Authority,
  tokens: readonly string[],
  now: number,
): Promise<void> {
  await inParallel(tokens.length, CALLERS, async (index) => {
    const checked = await authority.authenticate(tokens[index], { now })
    if (!checked.ok) throw new Error(`token ${index}: ${checked.code}`)
  })
}
