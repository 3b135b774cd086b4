import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Asking,
  type Fixture,
  openFixture,
  PASSWORD,
  pairOf,
  refused,
  SAME_ORIGIN,
} from '../../../test/support/http-door.ts'
import type { Store } from '../../core/index.ts'
import { memory } from '../../stores/memory/index.ts'
import { fakeClock } from '../../testing/fake-clock.ts'
import { ROUTES } from './routes.ts'

const NEXT = 'five dry badgers on a hill'
const DEADLINE_MS = 60
/** Several questions may follow each other, each within its own deadline, on a busy machine. */
const PATIENCE_MS = 5000

type Failure = 'reject' | 'throw' | 'hang'

/** A store that fails on demand, in every method or in one. */
class FaultyStore {
  readonly store: Store
  #failing: ((method: string) => Failure | null) | null = null
  #recovery = Promise.withResolvers<never>()

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

  /** Works again; what hung until now is rejected. */
  recover(): void {
    this.#failing = null
    this.#recovery.promise.catch(() => undefined)
    this.#recovery.reject(new Error('the connection was lost'))
    this.#recovery = Promise.withResolvers()
  }

  #wrap<Port extends object>(port: string, sound: Port): Port {
    return new Proxy(sound, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return (...given: unknown[]) => {
          const how = this.#failing?.(`${port}.${String(name)}`) ?? null
          if (how === 'hang') return this.#recovery.promise
          if (how === 'reject') return Promise.reject(new Error('SQLITE_FULL: disk of /srv/data'))
          if (how === 'throw') throw new TypeError('cannot read properties of undefined')
          return Reflect.apply(method, target, given) as unknown
        }
      },
    })
  }
}

async function faultyFixture(): Promise<{ fixture: Fixture; faults: FaultyStore }> {
  const clock = fakeClock()
  const faults = new FaultyStore(memory({ clock }))
  const { store } = faults
  const fixture = await openFixture({ store, clock, storeTimeoutMs: DEADLINE_MS })
  return { fixture, faults }
}

/** A good request of every route, once its parameters are filled in. */
const REQUESTS: Readonly<Record<string, unknown>> = {
  'actors.create': { name: 'bob', password: PASSWORD },
  'session.login': { identity: 'root', password: PASSWORD },
  'session.stepUp': { password: PASSWORD },
  'password.change': { current: PASSWORD, next: NEXT },
  'password.reset': { code: 'x', password: PASSWORD },
  'codes.check': { purpose: 'claim', code: 'x' },
  'impersonation.start': { actor: 'somebody' },
  'device.poll': { deviceCode: 'x' },
  'device.find': { userCode: 'x' },
  'device.approve': { userCode: 'x' },
  'device.deny': { userCode: 'x' },
  'admin.claim': { code: 'x', name: 'bob', password: PASSWORD },
  'admin.actors.import': { actors: [{ name: 'bob' }] },
  'admin.actors.setRoles': { roles: ['user'] },
  'admin.settings.set': { value: 9 },
  'admin.clients.register': { id: 'kettle' },
}

/** What needs no store once the session was seen; an import has an outcome for each of its lines. */
const WHERE_SEEN: Readonly<Record<string, readonly unknown[]>> = {
  'session.get': [200, undefined],
  'session.introspect': [200, undefined],
  'admin.settings.list': [200, undefined],
  'admin.actors.import': [200, undefined],
  'impersonation.stop': [400, 'invalid_request'],
}

for (const how of ['reject', 'throw', 'hang'] as const) {
  for (const seen of [true, false]) {
    const who = seen ? 'for a session that was seen before' : 'for a session that was not'
    test(`where the store ${how}s, every route is unavailable in time ${who}`, async () => {
      const { fixture, faults } = await faultyFixture()
      await using _ = fixture
      const { token, renewal } = await fixture.person('root', ['admin', 'introspect'])
      if (seen) assert.equal((await fixture.ask('GET /v1/session', { token })).status, 200)
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
          return { command, reply: await fixture.ask(`${method} ${where}${search}`, asking) }
        }),
      )
      assert.ok(performance.now() - begun < PATIENCE_MS)
      for (const { command, reply } of replies) {
        const wanted =
          (seen ? WHERE_SEEN[command] : undefined) ??
          (command === 'keys.list' ? [200, undefined] : [503, 'unavailable'])
        assert.deepEqual([reply.status, reply.body['code']], wanted, `${command}: ${reply.text}`)
        if (command === 'admin.actors.import') assert.match(reply.text, /"code":"unavailable"/)
        assert.doesNotMatch(reply.text, /SQLITE|srv|properties/)
        assert.deepEqual(reply.cookies, [])
      }
      faults.recover()
      assert.equal((await fixture.ask('GET /v1/session', { token })).status, 200)
      assert.equal((await fixture.authority.actors.search({ limit: 9 })).items.length, 1)
      assert.equal(await fixture.authority.sessions.count(), 1)
    })
  }

  test(`where the store ${how}s, the server is alive and not ready`, async () => {
    const { fixture, faults } = await faultyFixture()
    await using _ = fixture
    faults.fail(how)
    assert.equal((await fixture.ask('GET /healthz')).status, 200)
    refused(await fixture.ask('GET /readyz'), 503, 'unavailable')
    faults.recover()
    assert.equal((await fixture.ask('GET /readyz')).status, 200)
  })
}

test('an outage keeps the cookie', async () => {
  const { fixture, faults } = await faultyFixture()
  await using _ = fixture
  await fixture.person('ada')
  const cookie = await fixture.cookieOf('ada')
  faults.fail('reject')
  const reply = await fixture.ask('GET /v1/session', { cookie })
  refused(reply, 503, 'unavailable')
  assert.deepEqual(reply.cookies, [])
  faults.recover()
  assert.equal((await fixture.ask('GET /v1/session', { cookie })).status, 200)
})

/** Asks while one method fails, and again once it does not. */
async function interrupted(
  { fixture, faults }: { fixture: Fixture; faults: FaultyStore },
  method: string,
  what: string,
  asking: Asking,
): Promise<number> {
  faults.fail('reject', method)
  refused(await fixture.ask(what, asking), 503, 'unavailable')
  faults.recover()
  return (await fixture.ask(what, asking)).status
}

test('a failed registration reserves no name', async () => {
  const both = await faultyFixture()
  await using _ = both.fixture
  const body = { name: 'ada', password: PASSWORD, email: 'ada@example.test' }
  assert.equal(await interrupted(both, 'directory.create', 'POST /v1/actors', { body }), 201)
})

test('a failed login creates and ends no session', async () => {
  const both = await faultyFixture()
  await using fixture = both.fixture
  await fixture.person('ada')
  const cookie = await fixture.cookieOf('ada')
  both.faults.fail('reject', 'sessions.create')
  const asking = {
    body: { identity: 'ada', password: PASSWORD, cookie: true },
    cookie,
    headers: SAME_ORIGIN,
  }
  const reply = await fixture.ask('POST /v1/sessions', asking)
  refused(reply, 503, 'unavailable')
  assert.deepEqual(reply.cookies, [])
  both.faults.recover()
  assert.equal(await fixture.authority.sessions.count(), 2)
  assert.equal((await fixture.ask('GET /v1/session', { cookie })).status, 200)
  const again = await fixture.ask('POST /v1/sessions', asking)
  assert.notEqual(pairOf(again.cookies[0]), '')
})

test('a failed renewal keeps token and code valid', async () => {
  const both = await faultyFixture()
  await using fixture = both.fixture
  const { token, renewal } = await fixture.person('ada')
  const asking = { body: { renewal } }
  both.faults.fail('reject', 'sessions.update')
  refused(await fixture.ask('POST /v1/session/renew', asking), 503, 'unavailable')
  both.faults.recover()
  assert.equal((await fixture.ask('GET /v1/session', { token })).status, 200)
  assert.equal((await fixture.ask('POST /v1/session/renew', asking)).status, 200)
})

test('a failed step-up keeps the old token valid', async () => {
  const both = await faultyFixture()
  await using fixture = both.fixture
  const { token } = await fixture.person('ada')
  const asking = { token, body: { password: PASSWORD } }
  assert.equal(await interrupted(both, 'sessions.update', 'POST /v1/session/step-up', asking), 200)
})

test('a failed logout is reported and can be retried', async () => {
  const both = await faultyFixture()
  await using fixture = both.fixture
  await fixture.person('ada')
  const cookie = await fixture.cookieOf('ada')
  both.faults.fail('reject', 'sessions.end')
  const reply = await fixture.ask('DELETE /v1/session', { cookie, headers: SAME_ORIGIN })
  refused(reply, 503, 'unavailable')
  assert.deepEqual([reply.cookies, reply.headers.get('clear-site-data')], [[], null])
  both.faults.recover()
  const again = await fixture.ask('DELETE /v1/session', { cookie, headers: SAME_ORIGIN })
  assert.equal(again.status, 204)
})

test('a failed password change changes nothing', async () => {
  const both = await faultyFixture()
  await using fixture = both.fixture
  const { token } = await fixture.person('ada')
  const other = await fixture.login('ada')
  const asking = { token, body: { current: PASSWORD, next: NEXT } }
  both.faults.fail('reject', 'directory.setPassword')
  refused(await fixture.ask('POST /v1/password', asking), 503, 'unavailable')
  both.faults.recover()
  assert.equal((await fixture.ask('GET /v1/session', { token: other.token })).status, 200)
  await fixture.login('ada')
  assert.equal((await fixture.ask('POST /v1/password', asking)).status, 204)
})

test('a failed claim keeps the code valid', async () => {
  const both = await faultyFixture()
  await using fixture = both.fixture
  const code = await fixture.authority.actors.createClaimCode()
  const asking = { body: { code, name: 'root', password: PASSWORD } }
  assert.equal(await interrupted(both, 'directory.create', 'POST /v1/bootstrap', asking), 201)
})

test('a login does not wait for touches that cannot be written', async () => {
  const clock = fakeClock()
  const faults = new FaultyStore(memory({ clock }))
  const options = { store: faults.store, clock, storeTimeoutMs: DEADLINE_MS, mayFail: true }
  await using fixture = await openFixture(options)
  const { token } = await fixture.person('ada')
  clock.advance(600_000)
  await fixture.ask('GET /v1/session', { token })
  faults.fail('hang', 'sessions.touch')
  const body = { identity: 'ada', password: PASSWORD }
  const late = new Promise<'late'>((resolve) => setTimeout(resolve, PATIENCE_MS, 'late').unref())
  const outcome = await Promise.race([fixture.ask('POST /v1/sessions', { body }), late])
  faults.recover()
  assert.notEqual(outcome, 'late')
})

test('a registration is unavailable where the store cannot check the name', {}, async () => {
  const { fixture, faults } = await faultyFixture()
  await using _ = fixture
  await fixture.person('ada')
  faults.fail('reject', 'directory.findByIdentity')
  const reply = await fixture.ask('POST /v1/actors', { body: { name: 'ada', password: PASSWORD } })
  refused(reply, 503, 'unavailable')
})

test('a login whose failures cannot be counted is refused', async () => {
  const { fixture, faults } = await faultyFixture()
  await using _ = fixture
  await fixture.authority.actors.register({ name: 'ada', password: PASSWORD })
  const body = { identity: 'ada', password: PASSWORD }
  for (const method of [
    'directory.findByIdentity',
    'directory.find',
    'sessions.findEpochs',
    'sessions.create',
    'counters.remove',
  ]) {
    faults.fail('reject', method)
    refused(await fixture.ask('POST /v1/sessions', { body }), 503, 'unavailable')
    faults.recover()
  }
  assert.equal(await fixture.authority.sessions.count(), 0)
})
