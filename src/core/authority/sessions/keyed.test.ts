import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addActor,
  check,
  granted,
  HOUR,
  logIn,
  MINUTE,
  openFixture,
  refused,
} from '../../../../test/support/authority.ts'

const KEY = 'a-key-of-at-least-22-characters'

test('a keyed session is created, read, changed and ended by its key on every node', async (t) => {
  const here = await openFixture(t)
  const there = (await here.addNode()).authority.sessions.keyed
  const { keyed } = here.authority.sessions
  const put = { value: { cart: [1] }, group: 'shop' }
  assert.deepEqual(granted(await keyed.put(KEY, put)), { ok: true, version: 1, created: true })
  const found = granted(await there.find(KEY))
  assert.deepEqual(
    [found.value, found.version, found.group, found.anonymous, found.id],
    [{ cart: [1] }, 1, 'shop', true, keyed.idOf(KEY)],
  )
  granted(await there.put(KEY, { value: { cart: [1, 2] } }))
  assert.deepEqual(granted(await keyed.find(KEY)).value, { cart: [1, 2] })
  assert.equal(await keyed.end(KEY), true)
  refused(await there.find(KEY), 'session_revoked')
  refused(await there.put(KEY, put), 'session_revoked')
  refused(await there.put(KEY, { ...put, mode: 'create' }), 'conflict')
  assert.equal(await keyed.end(KEY), false)
})

test('two hundred parallel first saves of one key create one session, and none fails with a conflict', async (t) => {
  const { authority } = await openFixture(t)
  const { keyed } = authority.sessions
  const puts = await Promise.all(
    Array.from({ length: 200 }, (_, at) => keyed.put(KEY, { value: at })),
  )
  assert.equal(puts.filter((put) => granted(put).created).length, 1)
  assert.equal(granted(await keyed.find(KEY)).version, 200)
  assert.equal(await authority.sessions.count(), 1)
})

test('a save with an expected version is refused after another save', async (t) => {
  const { authority } = await openFixture(t)
  const { keyed } = authority.sessions
  granted(await keyed.put(KEY, { value: 1, version: 0 }))
  const outcomes = await Promise.all(
    [2, 3, 4].map((value) => keyed.put(KEY, { value, version: 1 })),
  )
  assert.equal(outcomes.filter(({ ok }) => ok).length, 1)
  refused(await keyed.put(KEY, { value: 5, version: 0 }), 'conflict')
  refused(await keyed.put('another-key-of-22-characters', { value: 5, version: 3 }), 'conflict')
})

test('the end can move both ways within the profile, and an earlier end counts at once on every node', async (t) => {
  const here = await openFixture(t)
  const { keyed } = here.authority.sessions
  const there = (await here.addNode()).authority.sessions.keyed
  const start = here.clock.now()
  granted(await keyed.put(KEY, { value: 1, endsAt: start + HOUR }))
  // The session is used: an anonymous session that is not has a shorter life.
  here.clock.advance(1)
  granted(await keyed.put(KEY, { value: 1, endsAt: start + 2 * HOUR }))
  assert.equal(granted(await there.find(KEY)).expiresAt, start + 2 * HOUR)
  granted(await keyed.put(KEY, { value: 1, endsAt: start + MINUTE }))
  assert.equal(granted(await there.find(KEY)).expiresAt, start + MINUTE)
  here.clock.advance(MINUTE - 1)
  refused(await there.find(KEY), 'session_expired')
  refused(await there.put(KEY, { value: 2 }), 'session_revoked')
  const far = 'a-second-key-of-22-characters'
  const created = here.clock.now()
  granted(await keyed.put(far, { value: 1, endsAt: start + 1e12 }))
  here.clock.advance(1)
  assert.equal(granted(await there.find(far)).expiresAt, created + 24 * HOUR)
})

test('an anonymous session with an end of its own lives until then, also if it is not presented', async (t) => {
  const { authority, clock } = await openFixture(t)
  const { keyed } = authority.sessions
  const start = clock.now()
  granted(await keyed.put(KEY, { value: 1, endsAt: start + HOUR }))
  granted(await keyed.put(`${KEY}-2`, { value: 1 }))
  clock.advance(HOUR - 1)
  assert.equal(granted(await keyed.find(KEY)).value, 1)
  refused(await keyed.find(`${KEY}-2`), 'session_expired')
})

test('a later end is returned by every node that has cached the session', async (t) => {
  const here = await openFixture(t)
  const { keyed } = here.authority.sessions
  const there = (await here.addNode()).authority.sessions.keyed
  const start = here.clock.now()
  granted(await keyed.put(KEY, { value: 1, endsAt: start + MINUTE }))
  const ends = () => Promise.all([keyed.find(KEY), there.find(KEY)])
  for (const found of await ends()) assert.equal(granted(found).expiresAt, start + MINUTE)
  granted(await keyed.put(KEY, { value: 1, endsAt: start + HOUR }))
  for (const found of await ends()) assert.equal(granted(found).expiresAt, start + HOUR)
})

test("the keyed session of a user ends with the user's epoch, and cannot be created under an older one", async (t) => {
  const { authority, raw } = await openFixture(t)
  const { id } = await addActor(authority, 'Ada')
  const epochs = await raw.sessions.findEpochs(id)
  const owner = { id, epochs }
  granted(await authority.sessions.keyed.put(KEY, { value: 1, owner }))
  assert.equal(granted(await authority.sessions.keyed.find(KEY)).owner, id)
  const listed = await authority.sessions.keyed.list({ owner: id })
  assert.deepEqual(
    listed.items.map(({ value }) => value),
    [1],
  )
  await authority.actors.suspend(id)
  refused(await authority.sessions.keyed.find(KEY), 'session_revoked')
  const other = await authority.sessions.keyed.put('a-third-key-of-22-characters', {
    value: 1,
    owner,
  })
  refused(other, 'conflict')
})

test('groups are listed, counted and ended separately, in pages', async (t) => {
  const { authority } = await openFixture(t)
  const { keyed } = authority.sessions
  for (let at = 0; at < 25; at++) {
    granted(await keyed.put(`${KEY}-${at}`, { value: at, group: at % 5 === 0 ? 'one' : 'two' }))
  }
  await addActor(authority, 'Ada')
  const other = await logIn(authority, 'ada')
  assert.equal(await authority.sessions.count({ group: 'one' }), 5)
  const first = await keyed.list({ group: 'two', limit: 15 })
  const second = await keyed.list({ group: 'two', limit: 15, after: first.next ?? '' })
  assert.deepEqual([first.items.length, second.items.length, second.next], [15, 5, undefined])
  const ended = await authority.sessions.end({ matching: true, group: 'two' })
  assert.equal(ended.length, 20)
  assert.equal(await authority.sessions.count({ group: 'two' }), 0)
  assert.equal(await authority.sessions.count({ group: 'one' }), 5)
  await check(authority, other.token)
})

test('a short key, data that is not JSON or too large, and a long group are refused', async (t) => {
  const { authority } = await openFixture(t)
  const { keyed } = authority.sessions
  refused(await keyed.put('short', { value: 1 }), 'invalid_request')
  refused(await keyed.find(''), 'invalid_request')
  refused(await keyed.put(KEY, { value: 1n }), 'invalid_request')
  const large = refused(
    await keyed.put(KEY, { value: { a: 1, big: 'x'.repeat(70_000) } }),
    'too_large',
  )
  assert.match(large.message, /big/)
  refused(await keyed.put(KEY, { value: 1, group: 'x'.repeat(65) }), 'invalid_request')
  assert.equal(await authority.sessions.count(), 0)
})

test('neither the record nor a list contains a key, and another installation has other ids', async (t) => {
  const here = await openFixture(t)
  const elsewhere = await openFixture(t)
  const { keyed } = here.authority.sessions
  granted(await keyed.put(KEY, { value: 1 }))
  const stored = JSON.stringify([...here.engine.tables.sessions])
  assert.ok(!stored.includes(KEY))
  assert.notEqual(keyed.idOf(KEY), elsewhere.authority.sessions.keyed.idOf(KEY))
})

test('saving data neither reads the session again nor affects its connections, and other nodes see it', async (t) => {
  const here = await openFixture(t)
  const there = await here.addNode()
  await addActor(here.authority, 'Ada')
  const { token } = await logIn(here.authority, 'ada')
  const current = await check(here.authority, token)
  const other = await check(there.authority, token)
  assert.equal(await here.authority.sessions.saveData(current, { value: { a: 1 } }), 1)
  assert.deepEqual(await there.authority.sessions.findData(other), { value: { a: 1 }, version: 1 })
  const changes: string[] = []
  there.authority.onChange(({ kind }) => changes.push(kind))
  there.tap.reset()
  await here.authority.sessions.saveData(current, { value: { a: 2 }, version: 1 })
  await check(there.authority, token)
  assert.deepEqual(changes, ['data-changed'])
  assert.equal(there.tap.count('sessions.load'), 0)
  assert.deepEqual(await there.authority.sessions.findData(other), { value: { a: 2 }, version: 2 })
})
