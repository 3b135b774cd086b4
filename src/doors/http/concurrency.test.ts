import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Fixture,
  openFixture,
  PASSWORD,
  parsed,
  type Reply,
  refused,
} from '../../../test/support/http-door.ts'
import { loggedInShape } from '../../commands/built-in/shapes.ts'
import type { Store } from '../../core/index.ts'
import { memory } from '../../stores/memory/index.ts'
import { fakeClock } from '../../testing/fake-clock.ts'
import { ROUTES } from './routes.ts'

const NEXT = 'five dry badgers on a hill'

function times<T>(count: number, act: (i: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => act(i)))
}

const statuses = (replies: readonly Reply[]) => replies.map(({ status }) => status).sort()

const whoAmI = async (fixture: Fixture, token: string) =>
  (await fixture.ask('GET /v1/session', { token })).status

test('fifty concurrent renewals with one code get the same successor', async () => {
  await using fixture = await openFixture()
  const { renewal, session } = await fixture.person('ada')
  const replies = await times(50, () =>
    fixture.ask('POST /v1/session/renew', { body: { renewal } }),
  )
  const renewed = replies.map((reply) => parsed(reply, 200, loggedInShape))
  assert.equal(new Set(renewed.map(({ token }) => token)).size, 1)
  assert.equal(new Set(renewed.map((each) => each.renewal)).size, 1)
  for (const { session: each } of renewed)
    assert.deepEqual([each.id, each.generation], [session, 1])
  assert.equal(await whoAmI(fixture, renewed[0]?.token ?? ''), 200)
})

test('of twenty concurrent registrations of one name one succeeds', async () => {
  await using fixture = await openFixture()
  const replies = await times(20, (i) =>
    fixture.ask('POST /v1/actors', { body: { name: i % 2 ? 'Ada' : 'ada ', password: PASSWORD } }),
  )
  assert.deepEqual(statuses(replies), [201, ...Array.from({ length: 19 }, () => 409)])
  for (const reply of replies) if (reply.status !== 201) refused(reply, 409, 'identity_taken')
  assert.equal((await fixture.authority.actors.search({ limit: 50 })).items.length, 1)
})

test('the session limit is exact under concurrent logins', async () => {
  const settings = {
    'profile.web.maxLive': 3,
    'profile.web.onLimit': 'refuse',
  } as const
  await using fixture = await openFixture({ settings })
  await fixture.authority.actors.register({ name: 'ada', password: PASSWORD })
  const body = { identity: 'ada', password: PASSWORD }
  const replies = await times(12, () => fixture.ask('POST /v1/sessions', { body }))
  assert.deepEqual(statuses(replies), [201, 201, 201, ...Array.from({ length: 9 }, () => 409)])
  for (const reply of replies) if (reply.status === 409) refused(reply, 409, 'session_limit')
  assert.equal(await fixture.authority.sessions.count(), 3)
  const over = await fixture.ask('POST /v1/sessions', { body })
  const [last] = over.body['sessions'] as { id: string }[]
  const again = await fixture.ask('POST /v1/sessions', { body: { ...body, endSession: last?.id } })
  assert.equal(again.status, 201)
  assert.equal(await fixture.authority.sessions.count(), 3)
})

test('a session evicted by the limit is refused with that reason', async () => {
  const settings = { 'profile.web.maxLive': 1, 'profile.web.onLimit': 'evict-oldest' } as const
  await using fixture = await openFixture({ settings })
  const { token } = await fixture.person('ada')
  const next = await fixture.login('ada')
  refused(await fixture.ask('GET /v1/session', { token }), 401, 'session_revoked', 'evicted')
  assert.equal(await whoAmI(fixture, next.token), 200)
})

test('no login with the old password survives a concurrent password change', async () => {
  await using fixture = await openFixture({ settings: { 'throttle.identityFree': 100 } })
  const { token } = await fixture.person('ada')
  const body = { identity: 'ada', password: PASSWORD }
  const change = { current: PASSWORD, next: NEXT, sessions: 'revoke-all' }
  const [changed, ...logins] = await Promise.all([
    fixture.ask('POST /v1/password', { token, body: change }),
    ...Array.from({ length: 10 }, () => fixture.ask('POST /v1/sessions', { body })),
  ])
  assert.equal(changed.status, 204)
  for (const login of logins) {
    assert.ok([201, 401, 409].includes(login.status), login.text)
    if (login.status === 201) assert.equal(await whoAmI(fixture, String(login.body['token'])), 401)
  }
  assert.equal(await fixture.authority.sessions.count(), 0)
})

test('every one of many concurrent logouts succeeds or is refused, and the session ends', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada')
  const replies = await times(10, () => fixture.ask('DELETE /v1/session', { token }))
  assert.ok(replies.some(({ status }) => status === 204))
  assert.ok(replies.every(({ status }) => status === 204 || status === 401))
  assert.equal(await whoAmI(fixture, token), 401)
})

/** What a store's method may be called by a route that only reads. A touch is no change of what it says. */
const READS = /^(find\w*|load|read|list|count|search|touch)$/

test('GET and HEAD write nothing', async () => {
  const clock = fakeClock()
  const sound = memory({ clock })
  const writes: string[] = []
  const watched = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name)
        if (typeof method !== 'function') return method
        return (...given: unknown[]) => {
          if (!READS.test(String(name))) writes.push(String(name))
          return Reflect.apply(method, target, given) as unknown
        }
      },
    })
  const store: Store = {
    ...sound,
    directory: watched(sound.directory),
    sessions: watched(sound.sessions),
    counters: watched(sound.counters),
    documents: watched(sound.documents),
    audit: watched(sound.audit),
  }
  await using fixture = await openFixture({ store, clock })
  const { token, id } = await fixture.person('root', ['admin'])
  assert.ok(writes.includes('create'))
  writes.length = 0
  const read = ROUTES.filter(({ method }) => method === 'GET').map(({ path }) => path)
  for (const path of [...read, '/healthz', '/readyz', '/docs', '/openapi.json']) {
    for (const method of ['GET', 'HEAD']) {
      const reply = await fixture.ask(`${method} ${path.replace(':id', id)}`, { token })
      assert.equal(reply.status, 200, path)
    }
  }
  assert.deepEqual(writes, [])
})
