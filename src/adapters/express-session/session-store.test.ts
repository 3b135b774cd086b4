import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addActor, HOUR, MINUTE, openFixture } from '../../../test/support/authority.ts'
import { createSessionStore } from './create-session-store.ts'

const COOKIE = { originalMaxAge: null }
const inside = (ms: number, now: number) => ({ expires: new Date(now + ms), originalMaxAge: ms })

test('a store saves, lists and ends sessions, without the session ids', async (t) => {
  const { authority, engine } = await openFixture(t)
  const store = createSessionStore({ authority })
  const other = createSessionStore({ authority, group: 'other' })
  await store.set('one-secret', { cookie: COOKIE, name: 'one' } as { cookie: typeof COOKIE })
  await store.set('two-secret', { cookie: COOKIE })
  await other.set('one-secret', { cookie: COOKIE })
  assert.deepEqual(await store.get('one-secret'), {
    cookie: { originalMaxAge: null },
    name: 'one',
  })
  const all = await store.all()
  assert.deepEqual([all.length, await store.length(), await other.length()], [2, 2, 1])
  assert.deepEqual(
    all.map(({ id }) => id).sort(),
    ['one-secret', 'two-secret'].map(store.idOf, store).sort(),
  )
  const stored = JSON.stringify([all, ...engine.tables.sessions])
  assert.ok(!stored.includes('-secret'))
  await authority.sessions.end({ id: store.idOf('two-secret') })
  assert.equal(await store.get('two-secret'), null)
  await store.set('two-secret', { cookie: COOKIE })
  assert.equal(await store.get('two-secret'), null)
  await store.clear()
  assert.deepEqual([await store.length(), await other.length()], [0, 1])
})

test('clear ends more sessions than one call of the store does', async (t) => {
  const { authority } = await openFixture(t)
  const store = createSessionStore({ authority })
  await Promise.all(
    Array.from({ length: 1100 }, (_, at) => store.set(`s${at}`, { cookie: COOKIE })),
  )
  assert.equal((await store.all()).length, 1100)
  await store.clear()
  assert.equal(await store.length(), 0)
})

test('the record and the cookie have the same end after fifty touches', async (t) => {
  const { authority, clock } = await openFixture(t)
  const store = createSessionStore({ authority })
  await store.set('sid', { cookie: inside(HOUR, clock.now()) })
  for (let use = 0; use < 50; use++) {
    clock.advance(10 * MINUTE)
    await store.touch('sid', { cookie: inside(HOUR, clock.now()) })
    const [listed] = (await authority.sessions.list({})).items
    const found = await store.get('sid')
    assert.equal(listed?.expiresAt, clock.now() + HOUR)
    assert.equal(found?.cookie?.expires, new Date(clock.now() + HOUR).toISOString())
  }
  clock.advance(HOUR)
  assert.equal(await store.get('sid'), null)
})

test('touches are written once in a twentieth of the life', async (t) => {
  const { authority, clock } = await openFixture(t)
  const store = createSessionStore({ authority })
  await store.set('sid', { cookie: inside(HOUR, clock.now()) })
  const ends = new Set<number | undefined>()
  for (let use = 0; use < 60; use++) {
    clock.advance(1000)
    await store.touch('sid', { cookie: inside(HOUR, clock.now()) })
    ends.add((await authority.sessions.list({})).items[0]?.expiresAt)
  }
  assert.equal(ends.size, 1)
  clock.advance(3 * MINUTE)
  await store.touch('sid', { cookie: inside(HOUR, clock.now()) })
  assert.equal((await authority.sessions.list({})).items[0]?.expiresAt, clock.now() + HOUR)
})

test('a cookie without an expiry gets the default life, and an expired one ends the session', async (t) => {
  const { authority, clock } = await openFixture(t)
  const store = createSessionStore({ authority, ttlMs: HOUR })
  await store.set('sid', { cookie: COOKIE })
  clock.advance(HOUR - 1)
  assert.ok(await store.get('sid'))
  clock.advance(1)
  assert.equal(await store.get('sid'), null)
  await store.set('another', { cookie: COOKIE })
  await store.set('another', { cookie: inside(-1, clock.now()) })
  assert.deepEqual([await store.get('another'), await store.length()], [null, 0])
})

test('what cannot be saved is an error that says why', async (t) => {
  const { authority, clock } = await openFixture(t)
  const store = createSessionStore({ authority })
  const refuses = (session: Parameters<typeof store.set>[1], code: string, message: RegExp) =>
    assert.rejects(store.set('sid', session), { code, message })
  const now = clock.now()
  await refuses(
    { cookie: inside(48 * HOUR, now) },
    'invalid_request',
    /profile.anonymous.absoluteMs/,
  )
  const basket = { cookie: COOKIE, basket: 'x'.repeat(70_000) }
  await refuses(basket, 'too_large', /basket/)
  assert.throws(() => createSessionStore({ authority, group: '' }), { code: 'invalid_request' })
  assert.throws(() => createSessionStore({ authority, ttlMs: 0 }), { code: 'invalid_request' })
  assert.equal(await store.get('x'.repeat(5000)), null)
})

test('a session that names a user belongs to it from its first save, and to no other later', async (t) => {
  const { authority } = await openFixture(t)
  const ownerOf = ({ user }: { cookie: object; user?: string }) => user
  const store = createSessionStore({ authority, ownerOf })
  const [ada, bob] = [await addActor(authority, 'ada'), await addActor(authority, 'bob')]
  const named = (user: string) => ({ cookie: COOKIE, user })
  await store.set('sid', named(ada.id))
  await store.set('sid', named(ada.id))
  assert.equal(await authority.sessions.count({ owner: ada.id }), 1)
  await assert.rejects(store.set('sid', named(bob.id)), { code: 'invalid_request' })
  await assert.rejects(store.set('new', named('unknown')), { code: 'not_found' })
  await store.set('anonymous', { cookie: COOKIE })
  await assert.rejects(store.set('anonymous', named(ada.id)), /regenerate/)
})

test('a proof that is older than a password change makes no session', async (t) => {
  const { authority } = await openFixture(t)
  const { id } = await addActor(authority, 'ada')
  const epochs = await authority.sessions.keyed.findEpochs(id)
  const store = createSessionStore({ authority, ownerOf: () => ({ id, epochs }) })
  await authority.sessions.end({ owner: id, raiseEpoch: true })
  await assert.rejects(store.set('sid', { cookie: COOKIE }), { code: 'conflict' })
})
