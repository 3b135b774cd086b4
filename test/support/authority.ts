import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Actor } from '../../src/core/actor.ts'
import type { Authority } from '../../src/core/authority/authority.ts'
import type { CallOptions } from '../../src/core/authority/context.ts'
import {
  type AuthorityOptions,
  createAuthority,
} from '../../src/core/authority/create-authority.ts'
import type { LoggedIn } from '../../src/core/authority/login/login.ts'
import type { Authenticated } from '../../src/core/authority/sessions/authenticate.ts'
import type { SessionRequest } from '../../src/core/authority/sessions/create-session.ts'
import type { Refusal } from '../../src/core/errors.ts'
import type { Store } from '../../src/core/ports/index.ts'
import { type MemoryEngine, memory, memoryEngine } from '../../src/stores/memory/index.ts'
import { type FakeClock, fakeClock } from '../../src/testing/fake-clock.ts'

/** A password that meets the policy, and the cheapest way to hash it. */
export const PASSWORD = 'quiet river stone'
export const CHEAP = { memoryKiB: 8, passes: 1 } as const

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

type Intercept = (proceed: () => Promise<unknown>, args: readonly unknown[]) => Promise<unknown>

/** A store that counts the calls of its ports and lets a test come between. */
export interface Tap {
  readonly store: Store
  /** How often a method was called since `reset`, by `port.method`; all calls of a port by `port`. */
  count(name: string): number
  reset(): void
  /** Comes between every call of a method, until `null` is given. */
  intercept(name: string, intercept: Intercept | null): void
  /** Holds the next call of a method: before it reaches the store, or with its answer in hand. */
  hold(name: string, when: 'before' | 'after'): Held
}

export interface Held {
  /** Resolves when the call has come to where it is held. */
  readonly reached: Promise<void>
  release(): void
}

const PORTS = ['directory', 'sessions', 'counters', 'documents', 'audit', 'bus'] as const

export function tapStore(store: Store): Tap {
  const counts = new Map<string, number>()
  const intercepts = new Map<string, Intercept>()
  const tapped: Record<string, unknown> = { ...store }
  const raise = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1)
  const call = (name: string, proceed: () => unknown, args: readonly unknown[]) => {
    raise(name)
    raise(name.split('.')[0] ?? '')
    const intercept = intercepts.get(name)
    return intercept === undefined ? proceed() : intercept(async () => proceed(), args)
  }
  for (const port of PORTS) {
    tapped[port] = new Proxy(store[port], {
      get(target, key) {
        const method: unknown = Reflect.get(target, key, target)
        if (typeof method !== 'function') return method
        return (...args: unknown[]) =>
          call(`${port}.${String(key)}`, () => Reflect.apply(method, target, args), args)
      },
    })
  }
  return {
    store: tapped as unknown as Store,
    count: (name) => counts.get(name) ?? 0,
    reset: () => counts.clear(),
    intercept(name, intercept) {
      if (intercept === null) intercepts.delete(name)
      else intercepts.set(name, intercept)
    },
    hold(name, when) {
      const reached = Promise.withResolvers<void>()
      const released = Promise.withResolvers<void>()
      intercepts.set(name, async (proceed) => {
        intercepts.delete(name)
        const answer = when === 'after' ? await proceed() : undefined
        reached.resolve()
        await released.promise
        return when === 'after' ? answer : proceed()
      })
      return { reached: reached.promise, release: released.resolve }
    },
  }
}

export interface TestNode {
  readonly authority: Authority
  readonly tap: Tap
  /** The store itself, past the tap. */
  readonly raw: Store
  /** What `onError` was told. */
  readonly errors: unknown[]
}

export interface TestFixture extends TestNode {
  readonly clock: FakeClock
  readonly engine: MemoryEngine
  /** Opens a further node on the same data. */
  addNode(
    options?: Omit<AuthorityOptions, 'store'>,
    prepare?: (tap: Tap) => void,
  ): Promise<TestNode>
}

/** Opens an authority on a store in memory with a clock that stands; closes it after the test. */
export async function openFixture(
  t: TestContext,
  options: Omit<AuthorityOptions, 'store'> = {},
): Promise<TestFixture> {
  const clock = fakeClock()
  const engine = memoryEngine({ clock })
  const addNode: TestFixture['addNode'] = async (own = options, prepare) => {
    const raw = memory({ engine })
    const tap = tapStore(raw)
    prepare?.(tap)
    const errors: unknown[] = []
    const authority = await createAuthority({
      passwords: CHEAP,
      pruneEveryMs: 0,
      onError: (error) => errors.push(error),
      ...own,
      store: tap.store,
    })
    t.after(() => authority.close())
    return { authority, tap, raw, errors }
  }
  return { ...(await addNode()), clock, engine, addNode }
}

/** The outcome, which must not be a refusal. */
export function granted<T extends { readonly ok: boolean }>(outcome: T): Extract<T, { ok: true }> {
  assert.equal(outcome.ok, true, `refused: ${JSON.stringify(outcome)}`)
  return outcome as Extract<T, { ok: true }>
}

/** The outcome, which must be a refusal with that code. */
export function refused(outcome: { readonly ok: boolean }, code: string): Refusal {
  assert.equal(outcome.ok, false, `not refused, but ${code} was expected`)
  const refusal = outcome as Refusal
  assert.equal(refusal.code, code, refusal.message)
  return refusal
}

/** The reason that is told to the holder of a token whose session was ended. */
export async function reasonOf(authority: Authority, token: string): Promise<string | undefined> {
  return refused(await authority.authenticate(token), 'session_revoked').reason
}

export async function addActor(
  authority: Authority,
  name: string,
  roles: readonly string[] = ['user'],
): Promise<Actor> {
  return granted(await authority.actors.register({ name, password: PASSWORD, roles })).actor
}

export async function logIn(
  authority: Authority,
  identity: string,
  request: SessionRequest & { readonly password?: string } = {},
  options: CallOptions = {},
): Promise<LoggedIn> {
  return granted(await authority.login({ identity, password: PASSWORD, ...request }, options))
}

/** A session that must be good. */
export async function check(
  authority: Authority,
  token: string,
  options: CallOptions = {},
): Promise<Authenticated> {
  return granted(await authority.authenticate(token, options))
}

/** Authenticates a token and refreshes it, as a door does. */
export async function refresh(authority: Authority, token: string, options: CallOptions = {}) {
  const current = await authority.authenticate(token, options)
  return current.ok ? authority.sessions.refresh(current, options) : current
}

/** The renewal code of a login that must have one. */
export function renewalOf(login: LoggedIn): string {
  assert.ok(login.renewal !== null, 'no renewal code')
  return login.renewal
}

/** Lets everything that is ready to run do so, without time passing. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}
