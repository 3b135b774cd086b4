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
  PASSWORD,
  refused,
} from '../../../../test/support/authority.ts'

test('a login moves the data of the session that it replaces, in one write', async (t) => {
  const { authority } = await openFixture(t)
  const { id } = await addActor(authority, 'Ada')
  const { sessions } = authority
  const visitor = granted(await sessions.loginAnonymous({ vouched: true }))
  const replaces = await check(authority, visitor.token)
  await sessions.saveData(replaces, { value: { cart: 1 } })
  const moved = granted(await sessions.loginAs(id, { replaces, moveData: true }))
  const current = await check(authority, moved.token)
  assert.deepEqual((await sessions.findData(current)).value, { cart: 1 })
  refused(await authority.authenticate(visitor.token), 'session_revoked')
  const plain = granted(await sessions.loginAs(id, { replaces: current }))
  const last = await check(authority, plain.token)
  assert.equal((await sessions.findData(last)).value, null)
})

test('a session may have a shorter life than its profile, and no longer one', async (t) => {
  const { authority, clock } = await openFixture(t)
  const { id } = await addActor(authority, 'Ada')
  const logInFor = async (lifetime: { idleMs?: number | null; absoluteMs?: number }) =>
    granted(await authority.sessions.loginAs(id, { lifetime })).session
  const now = clock.now()
  const fixed = await logInFor({ idleMs: null, absoluteMs: 5 * MINUTE })
  assert.deepEqual([fixed.expiresAt, fixed.endsAt], [now + 5 * MINUTE, now + 5 * MINUTE])
  const rolling = await logInFor({ idleMs: 10 * MINUTE })
  assert.deepEqual([rolling.expiresAt, rolling.endsAt], [now + 10 * MINUTE, now + 24 * HOUR])
  const long = await logInFor({ absoluteMs: 1000 * HOUR })
  assert.equal(long.endsAt, now + 24 * HOUR)
})

test('a trusted login under epochs from before a change is refused, and keeps the time of the proof', async (t) => {
  const { authority, clock } = await openFixture(t)
  const { id } = await addActor(authority, 'Ada')
  const proof = { identity: 'ada', password: PASSWORD }
  const { epochs } = granted(await authority.credentials.verifyLogin(proof))
  const authenticatedAt = clock.now()
  clock.advance(MINUTE)
  const made = granted(await authority.sessions.loginAs(id, { epochs, authenticatedAt }))
  assert.equal(made.session.authenticatedAt, authenticatedAt)
  granted(await authority.credentials.resetPassword({ actorId: id, next: 'another river stone' }))
  refused(await authority.sessions.loginAs(id, { epochs }), 'conflict')
})

test('an attempt that the application verifies itself is counted like a login', async (t) => {
  const { authority } = await openFixture(t)
  const { id } = await addActor(authority, 'Ada')
  const { credentials } = authority
  const reserve = () => credentials.reserveAttempt({ identity: 'ada', actorId: id })
  for (let count = 0; count < 4; count++) granted(await reserve())
  const { withdraw } = granted(await reserve())
  await withdraw()
  const { succeeded } = granted(await reserve())
  refused(await reserve(), 'throttled')
  await succeeded(id)
  granted(await reserve())
})

test('cached data is returned without waiting, until it changes or the cache is not trusted', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  const current = await check(authority, token)
  const { sessions } = authority
  assert.equal(sessions.cachedData(current), null)
  await sessions.saveData(current, { value: { a: 1 } })
  assert.equal(sessions.cachedData(current), null)
  await sessions.findData(current)
  const cached = sessions.cachedData(current)
  assert.deepEqual([cached?.value, cached?.version], ['{"a":1}', 1])
  assert.equal(sessions.cachedData(current), cached)
  await sessions.saveData(current, { value: { a: 2 } })
  assert.equal(sessions.cachedData(current), null)
})
