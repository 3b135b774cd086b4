/**
 * What the test of connect-redis imports, over our store: the class `RedisStore`, a client that
 * tells the remaining life of a key, and the functions of vitest that the test uses.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StoredSession } from 'latchkey/express-session'
import { authority, openStore } from './open-store.ts'

const PREFIX = 'sess:'

/** The options of connect-redis that its test reads, and its methods over our store. */
export class RedisStore {
  readonly prefix = PREFIX
  readonly ttl = 86_400
  readonly scanCount = 100
  readonly serializer = JSON
  readonly disableTouch = false
  readonly disableTTL = false
  readonly client: RedisClient
  readonly #store = openStore()
  /** A list of ours contains public handles, where connect-redis has session ids. */
  readonly #sids = new Map<string, string>()

  constructor({ client }: { readonly client: RedisClient }) {
    this.client = client
    client.store = this
  }

  set(sid: string, session: StoredSession) {
    this.#sids.set(this.#store.idOf(sid), sid)
    return this.#store.set(sid, session)
  }

  get(sid: string) {
    return this.#store.get(sid)
  }

  touch(sid: string, session: StoredSession) {
    return this.#store.touch(sid, session)
  }

  destroy(sid: string) {
    return this.#store.destroy(sid)
  }

  clear() {
    return this.#store.clear()
  }

  length() {
    return this.#store.length()
  }

  async all() {
    const listed = await this.#store.all()
    return listed.map((session) => ({ ...session, id: this.#sids.get(session.id) }))
  }

  async ids() {
    return (await this.all()).map(({ id }) => id)
  }

  /** Returns how many seconds a session has left. */
  async ttlOf(sid: string): Promise<number> {
    const { items } = await authority.sessions.list({ limit: 1000 })
    const session = items.find(({ id }) => id === this.#store.idOf(sid))
    return session === undefined ? -2 : Math.ceil((session.expiresAt - Date.now()) / 1000)
  }
}

class RedisClient {
  store: RedisStore | undefined

  async connect() {}

  async ttl(key: string): Promise<number> {
    return (await this.store?.ttlOf(key.slice(PREFIX.length))) ?? -2
  }

  destroy() {}
}

export const createClient = () => new RedisClient()

/** In place of the test's own Redis. */
export const port = ''
export const connect = async () => {}
export const disconnect = async () => {}

export { test }

/** The assertions of vitest that the test uses. */
export const expect = (actual: unknown) => ({
  toBe: (expected: unknown) => assert.equal(actual, expected),
  toEqual: (expected: unknown) => assert.deepEqual(actual, expected),
  toBeDefined: () => assert.notEqual(actual, undefined),
  toBeGreaterThan: (bound: number) => assert.ok(Number(actual) > bound, `${actual} > ${bound}`),
  toBeGreaterThanOrEqual: (bound: number) =>
    assert.ok(Number(actual) >= bound, `${actual} >= ${bound}`),
  toBeLessThanOrEqual: (bound: number) =>
    assert.ok(Number(actual) <= bound, `${actual} <= ${bound}`),
})
