import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Store } from '../../core/index.ts'
import { memory } from '../../stores/memory/index.ts'
import { fakeClock } from '../../testing/fake-clock.ts'
import { ROUTES } from './routes.ts'
import {
  type Asking,
  type House,
  openHouse,
  PASSWORD,
  pairOf,
  refused,
  SAME_ORIGIN,
} from './testing-support.ts'

const NEXT = 'five dry badgers on a hill'
const DEADLINE_MS = 60

type Failure = 'reject' | 'throw' | 'hang'

/** A store that can be told to fail, wholly or in one method. */
class FaultyStore {
  readonly store: Store
  #failing: ((method: string) => Failure | null) | null = null

  constructor(sound: Store) {
    this.store = {
      ...sound,
      directory: this.#wrap('directory', sound.directory),
      sessions: this.#wrap('sessions', sound.sessions),
      counters: this.#wrap('counters', sound.counters),
      documents: this.#wrap('documents', sound.documents),
      audit: this.#wrap('audit', sound.audit),
    }
  }

  /** Fails in every method, or in one: `sessions.create`. */
  fail(how: Failure, only?: string): void {
    this.#failing = (method) => (only === undefined || only === method ? how : null)
  }

  recover(): void {
    this.#failing = null
  }

  #wrap<Port extends object>(port: string, sound: Port): Port {
    return new Proxy(sound, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return (...given: unknown[]) => {
          const how = this.#failing?.(`${port}.${String(name)}`) ?? null
          if (how === 'hang') return new Promise(() => undefined)
          if (how === 'reject') return Promise.reject(new Error('SQLITE_FULL: disk of /srv/data'))
          if (how === 'throw') throw new TypeError('cannot read properties of undefined')
          return Reflect.apply(method, target, given) as unknown
        }
      },
    })
  }
}

async function faultyHouse(): Promise<{ house: House; faults: FaultyStore }> {
  const clock = fakeClock()
  const faults = new FaultyStore(memory({ clock }))
  const { store } = faults
  const house = await openHouse({ store, clock, storeTimeoutMs: DEADLINE_MS })
  return { house, faults }
}

/** A good request of every route, once its parameters are filled in. */
const REQUESTS: Readonly<Record<string, unknown>> = {
  'actors.create': { name: 'bob', password: PASSWORD },
  'session.login': { identity: 'root', password: PASSWORD },
  'session.stepUp': { password: PASSWORD },
  'password.change': { current: PASSWORD, next: NEXT },
  'impersonation.start': { actor: 'somebody' },
  'admin.claim': { code: 'x', name: 'bob', password: PASSWORD },
  'admin.actors.import': { actors: [{ name: 'bob' }] },
  'admin.actors.setRoles': { roles: ['user'] },
  'admin.settings.set': { value: 9 },
}

const FROM_MEMORY = new Set(['session.get', 'admin.settings.list'])

for (const how of ['reject', 'throw', 'hang'] as const) {
  for (const seen of [true, false]) {
    const who = seen ? 'for a session that was seen before' : 'for a session that was not'
    test(`where the store ${how}s, every route is unavailable in time ${who}`, async () => {
      const { house, faults } = await faultyHouse()
      await using _ = house
      const { token, renewal } = await house.person('root', ['admin', 'introspect'])
      if (seen) assert.equal((await house.ask('GET /v1/session', { token })).status, 200)
      faults.fail(how)
      const begun = performance.now()
      const replies = await Promise.all(
        ROUTES.map(async ({ method, path, query, command }) => {
          const secrets: Record<string, unknown> = {
            'session.renew': { renewal },
            'session.introspect': { token },
          }
          const id = path.includes('settings') ? 'password.minLength' : 'somebody'
          const where = path.replaceAll(/:\w+/g, id)
          const search = query === undefined ? '' : `?${query.name}=${query.value}`
          const body = secrets[command] ?? REQUESTS[command]
          const asking = { token, ...(body === undefined ? {} : { body }) }
          return { command, reply: await house.ask(`${method} ${where}${search}`, asking) }
        }),
      )
      // Several questions may follow each other, each within its own deadline.
      assert.ok(performance.now() - begun < 20 * DEADLINE_MS)
      for (const { command, reply } of replies) {
        // What an impersonation cannot stop, and who was seen, needs no store.
        if (seen && FROM_MEMORY.has(command)) assert.equal(reply.status, 200)
        else if (seen && command === 'impersonation.stop') refused(reply, 400, 'invalid_request')
        else if (seen && command === 'session.introspect') assert.equal(reply.status, 200)
        else refused(reply, 503, 'unavailable')
        assert.doesNotMatch(reply.text, /SQLITE|srv|properties/)
        assert.deepEqual(reply.cookies, [])
      }
      faults.recover()
      assert.equal((await house.ask('GET /v1/session', { token })).status, 200)
      assert.equal((await house.authority.searchActors({ limit: 9 })).items.length, 1)
      assert.equal(await house.authority.countSessions(), 1)
    })
  }

  test(`where the store ${how}s, the server is alive and not ready`, async () => {
    const { house, faults } = await faultyHouse()
    await using _ = house
    faults.fail(how)
    assert.equal((await house.ask('GET /healthz')).status, 200)
    refused(await house.ask('GET /readyz'), 503, 'unavailable')
    faults.recover()
    assert.equal((await house.ask('GET /readyz')).status, 200)
  })
}

test('an outage logs nobody out: the cookie stays', async () => {
  const { house, faults } = await faultyHouse()
  await using _ = house
  await house.person('ada')
  const cookie = await house.cookieOf('ada')
  faults.fail('reject')
  const reply = await house.ask('GET /v1/session', { cookie })
  refused(reply, 503, 'unavailable')
  assert.deepEqual(reply.cookies, [])
  faults.recover()
  assert.equal((await house.ask('GET /v1/session', { cookie })).status, 200)
})

/** Asks while one method fails, and again once it does not. */
async function interrupted(
  { house, faults }: { house: House; faults: FaultyStore },
  method: string,
  what: string,
  asking: Asking,
): Promise<number> {
  faults.fail('reject', method)
  refused(await house.ask(what, asking), 503, 'unavailable')
  faults.recover()
  return (await house.ask(what, asking)).status
}

test('a registration that failed has taken no name', async () => {
  const both = await faultyHouse()
  await using _ = both.house
  const body = { name: 'ada', password: PASSWORD, email: 'ada@example.test' }
  assert.equal(await interrupted(both, 'directory.create', 'POST /v1/actors', { body }), 201)
})

test('a login that failed has begun nothing and ended nothing', async () => {
  const both = await faultyHouse()
  await using house = both.house
  await house.person('ada')
  const cookie = await house.cookieOf('ada')
  both.faults.fail('reject', 'sessions.create')
  const asking = {
    body: { identity: 'ada', password: PASSWORD, cookie: true },
    cookie,
    headers: SAME_ORIGIN,
  }
  const reply = await house.ask('POST /v1/sessions', asking)
  refused(reply, 503, 'unavailable')
  assert.deepEqual(reply.cookies, [])
  both.faults.recover()
  assert.equal(await house.authority.countSessions(), 2)
  assert.equal((await house.ask('GET /v1/session', { cookie })).status, 200)
  const again = await house.ask('POST /v1/sessions', asking)
  assert.notEqual(pairOf(again.cookies[0]), '')
})

test('a renewal that failed leaves token and code as they were', async () => {
  const both = await faultyHouse()
  await using house = both.house
  const { token, renewal } = await house.person('ada')
  const asking = { body: { renewal } }
  both.faults.fail('reject', 'sessions.update')
  refused(await house.ask('POST /v1/session/renew', asking), 503, 'unavailable')
  both.faults.recover()
  assert.equal((await house.ask('GET /v1/session', { token })).status, 200)
  assert.equal((await house.ask('POST /v1/session/renew', asking)).status, 200)
})

test('a step-up that failed leaves the old token', async () => {
  const both = await faultyHouse()
  await using house = both.house
  const { token } = await house.person('ada')
  const asking = { token, body: { password: PASSWORD } }
  assert.equal(await interrupted(both, 'sessions.update', 'POST /v1/session/step-up', asking), 200)
})

test('a logout that failed is not said to be done, and can be tried again', async () => {
  const both = await faultyHouse()
  await using house = both.house
  await house.person('ada')
  const cookie = await house.cookieOf('ada')
  both.faults.fail('reject', 'sessions.end')
  const reply = await house.ask('DELETE /v1/session', { cookie, headers: SAME_ORIGIN })
  refused(reply, 503, 'unavailable')
  assert.deepEqual([reply.cookies, reply.headers.get('clear-site-data')], [[], null])
  both.faults.recover()
  const again = await house.ask('DELETE /v1/session', { cookie, headers: SAME_ORIGIN })
  assert.equal(again.status, 204)
})

test('a password change that failed at the credential has changed nothing', async () => {
  const both = await faultyHouse()
  await using house = both.house
  const { token } = await house.person('ada')
  const other = await house.login('ada')
  const asking = { token, body: { current: PASSWORD, next: NEXT } }
  both.faults.fail('reject', 'directory.setPassword')
  refused(await house.ask('POST /v1/password', asking), 503, 'unavailable')
  both.faults.recover()
  assert.equal((await house.ask('GET /v1/session', { token: other.token })).status, 200)
  await house.login('ada')
  assert.equal((await house.ask('POST /v1/password', asking)).status, 204)
})

test('a claim that failed leaves the code good', async () => {
  const both = await faultyHouse()
  await using house = both.house
  const code = await house.authority.createClaimCode()
  const asking = { body: { code, name: 'root', password: PASSWORD } }
  assert.equal(await interrupted(both, 'directory.create', 'POST /v1/bootstrap', asking), 201)
})
