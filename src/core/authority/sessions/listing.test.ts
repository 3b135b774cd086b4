import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addActor,
  check,
  granted,
  logIn,
  MINUTE,
  openFixture,
} from '../../../../test/support/authority.ts'

test('a listing is newest first, in pages, and marks the current session', async (t) => {
  const { authority } = await openFixture(t)
  const ada = await addActor(authority, 'Ada')
  await addActor(authority, 'Eve')
  await logIn(authority, 'eve')
  const ids: string[] = []
  for (let at = 0; at < 5; at++) ids.unshift((await logIn(authority, 'ada')).session.id)
  const query = { owner: ada.id, limit: 2, current: ids[1] ?? '' }
  const seen: string[] = []
  let after: string | undefined
  do {
    const page = await authority.sessions.list(after === undefined ? query : { ...query, after })
    for (const each of page.items) {
      seen.push(each.id)
      assert.equal(each.current, each.id === ids[1])
    }
    after = page.next
  } while (after !== undefined)
  assert.deepEqual(seen, ids)
})

test('a listing has handles and clients, and no part of a token', async (t) => {
  const { authority, raw } = await openFixture(t)
  const ada = await addActor(authority, 'Ada')
  const from = { address: '::ffff:192.0.2.7', userAgent: 'x'.repeat(1000), door: 'http' }
  const { session } = await logIn(authority, 'ada', { label: 'y'.repeat(1000) }, from)
  const { items } = await authority.sessions.list({ owner: ada.id })
  assert.deepEqual(items[0]?.client, {
    address: '192.0.2.7',
    userAgent: 'x'.repeat(400),
    label: 'y'.repeat(100),
  })
  const record = await raw.sessions.find(session.id)
  const text = JSON.stringify(items)
  assert.ok(record?.renewal && !text.includes(record.tokenHash))
  assert.ok(!text.includes(record.renewal.familyHash))
})

test('a listing has the latest use, written or not', async (t) => {
  const { authority, clock } = await openFixture(t)
  const ada = await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  await check(authority, token)
  clock.advance(MINUTE)
  const { session } = await check(authority, token)
  const { items } = await authority.sessions.list({ owner: ada.id })
  assert.equal(items[0]?.lastUsedAt, clock.now())
  assert.equal(items[0]?.expiresAt, session.expiresAt)
})

test('ended and expired sessions are neither listed nor counted', async (t) => {
  const { authority, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  const [gone] = [await logIn(authority, 'ada'), await logIn(authority, 'ada', { profile: 'game' })]
  await authority.sessions.end({ id: gone.session.id })
  assert.equal(await authority.sessions.count(), 1)
  assert.equal((await authority.sessions.list({})).items.length, 1)
  clock.advance(10 * MINUTE)
  assert.equal(await authority.sessions.count(), 0)
})

test('session data is stored with its version, and a write with an old version is a conflict', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const current = await check(authority, (await logIn(authority, 'ada')).token)
  assert.deepEqual(await authority.sessions.findData(current), { value: null, version: 0 })
  assert.equal(await authority.sessions.saveData(current, { value: { cart: [1] }, version: 0 }), 1)
  const save = authority.sessions.saveData(current, { value: 'other', version: 0 })
  await assert.rejects(save, { code: 'conflict' })
  assert.deepEqual(await authority.sessions.findData(current), { value: { cart: [1] }, version: 1 })
  const both = await Promise.allSettled(
    [2, 3].map((value) => authority.sessions.saveData(current, { value, version: 1 })),
  )
  assert.equal(both.filter(({ status }) => status === 'fulfilled').length, 1)
})

test('session data has a size limit in bytes', async (t) => {
  const { authority } = await openFixture(t, { settings: { 'session.maxDataBytes': 100 } })
  await addActor(authority, 'Ada')
  const current = await check(authority, (await logIn(authority, 'ada')).token)
  await authority.sessions.saveData(current, { value: 'é'.repeat(49), version: 0 })
  const save = authority.sessions.saveData(current, { value: 'é'.repeat(50), version: 1 })
  await assert.rejects(save, { code: 'too_large' })
})

test('session data is removed with its session', async (t) => {
  const { authority, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  const current = await check(authority, (await logIn(authority, 'ada')).token)
  await authority.sessions.saveData(current, { value: 'mine', version: 0 })
  await authority.logout(current)
  const save = authority.sessions.saveData(current, { value: 'late', version: 1 })
  await assert.rejects(save, { code: 'conflict' })
  clock.advance(authority.settings.get('session.keepEndedMs') + 1)
  await authority.prune()
  assert.deepEqual(await authority.sessions.findData(current), { value: null, version: 0 })
})

test('a check does not load the session data', async (t) => {
  const { authority, tap } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  await check(authority, token)
  assert.equal(tap.count('sessions.findData'), 0)
})

test('a list shows the roles that a check returns', async (t) => {
  const { authority } = await openFixture(t)
  const ada = await addActor(authority, 'Ada', ['user', 'editor'])
  const tokens = await Promise.all(
    [null, ['editor', 'admin'], []].map(
      async (roles) => (await logIn(authority, 'ada', { roles })).token,
    ),
  )
  const visitor = granted(await authority.sessions.loginAnonymous({ roles: ['user'] }))
  await authority.actors.setRoles(ada.id, ['editor'])
  const { items } = await authority.sessions.list({})
  const listed = new Map(items.map(({ id, roles }) => [id, roles]))
  for (const token of [...tokens, visitor.token]) {
    const { session } = await check(authority, token)
    assert.deepEqual(listed.get(session.id), session.roles)
  }
  assert.equal(listed.size, 4)
})
