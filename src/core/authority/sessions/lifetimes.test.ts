import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addActor,
  check,
  DAY,
  granted,
  HOUR,
  logIn,
  MINUTE,
  openFixture,
  refused,
  renewalOf,
} from '../../../../test/support/authority.ts'

test('an unused session expires exactly at the end of its idle time', async (t) => {
  const { authority, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  const [one, two] = [await logIn(authority, 'ada'), await logIn(authority, 'ada')]
  clock.advance(HOUR - 1)
  await check(authority, one.token)
  clock.advance(1)
  refused(await authority.authenticate(two.token), 'session_expired')
})

test('each use restarts the idle time, in the cache and in the answer', async (t) => {
  const { authority, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  for (let at = 0; at < 5; at++) {
    clock.advance(HOUR - 1)
    const { session } = await check(authority, token)
    assert.equal(session.expiresAt, clock.now() + HOUR)
  }
})

test('no use extends a session past its absolute end', async (t) => {
  const { authority, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token, session } = await logIn(authority, 'ada')
  assert.equal(session.endsAt, clock.now() + DAY)
  while (clock.now() + 30 * MINUTE < session.endsAt) {
    clock.advance(30 * MINUTE)
    await check(authority, token)
  }
  clock.set(session.endsAt - 1)
  assert.equal((await check(authority, token)).session.expiresAt, session.endsAt)
  clock.advance(1)
  refused(await authority.authenticate(token), 'session_expired')
})

test('a token with its own expiry expires exactly then, however often it is used', async (t) => {
  const { authority, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada', { profile: 'device' })
  clock.advance(31 * DAY - 1)
  await check(authority, token)
  clock.advance(1)
  refused(await authority.authenticate(token), 'session_expired')
})

test('a session without an idle time may be unused for its whole lifetime', async (t) => {
  const { authority, clock } = await openFixture(t, { settings: { 'profile.web.idleMs': null } })
  await addActor(authority, 'Ada')
  const { token, session } = await logIn(authority, 'ada')
  clock.set(session.endsAt - 1)
  await check(authority, token)
})

test('a thousand uses are one write, with the time of the latest', async (t) => {
  const { authority, clock, tap, raw } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token, session } = await logIn(authority, 'ada')
  clock.advance(10 * MINUTE)
  tap.reset()
  for (let at = 0; at < 1000; at++) await check(authority, token)
  await authority.close()
  assert.equal(tap.count('sessions.touch'), 1)
  assert.equal(tap.count('sessions.load'), 1)
  await assert.rejects(raw.sessions.find(session.id), { code: 'unavailable' })
})

test('a session that passes a check can be listed, renewed and ended in the store', async (t) => {
  const { authority, clock } = await openFixture(t)
  const ada = await addActor(authority, 'Ada')
  const login = await logIn(authority, 'ada')
  const { id } = login.session
  clock.advance(3 * MINUTE - 1)
  const { session } = await check(authority, login.token)
  clock.set(session.expiresAt - 1)
  const listed = await authority.sessions.list({ owner: ada.id })
  assert.deepEqual(
    listed.items.map((item) => [item.id, item.expiresAt]),
    [[id, session.expiresAt]],
  )
  await check(authority, login.token)
  clock.advance(30 * MINUTE)
  await check(authority, login.token)
  const renewed = granted(await authority.renew(renewalOf(login)))
  await authority.sessions.end({ owner: ada.id })
  refused(await authority.authenticate(renewed.token), 'session_revoked')
})

test('a last-moment use that is not yet written keeps the session live until it is ended', async (t) => {
  const { authority, clock } = await openFixture(t)
  const ada = await addActor(authority, 'Ada')
  const logins = [await logIn(authority, 'ada'), await logIn(authority, 'ada')]
  const [one, two] = logins
  assert.ok(one !== undefined && two !== undefined)
  clock.advance(HOUR - 1)
  for (const { token } of logins) await check(authority, token)
  clock.advance(1)
  const { token } = granted(await authority.renew(renewalOf(one)))
  await authority.sessions.end({ owner: ada.id })
  for (const dead of [token, two.token]) {
    refused(await authority.authenticate(dead), 'session_revoked')
  }
})

test('a use within a twentieth of the idle time after the last written one is not written', async (t) => {
  const { authority, clock, tap } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  clock.advance(3 * MINUTE - 1)
  await check(authority, token)
  await authority.close()
  assert.equal(tap.count('sessions.touch'), 0)
})

test('a written use is visible on another node', async (t) => {
  const here = await openFixture(t)
  const there = await here.addNode()
  await addActor(here.authority, 'Ada')
  const { token, session } = await logIn(here.authority, 'ada')
  await check(there.authority, token)
  here.clock.advance(50 * MINUTE)
  await check(here.authority, token)
  // Creating a session first writes pending uses, because it may have to evict the least recently
  // used.
  await logIn(here.authority, 'ada')
  assert.equal((await here.raw.sessions.find(session.id))?.lastUsedAt, here.clock.now())
  here.clock.advance(20 * MINUTE)
  const checks = await Promise.all(
    Array.from({ length: 40 }, () => there.authority.authenticate(token)),
  )
  assert.ok(checks.every(({ ok }) => ok))
})

test('a passive check does not extend a session', async (t) => {
  const { authority, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  const current = await check(authority, token)
  clock.advance(HOUR - 1)
  assert.equal((await authority.sessions.recheck(current, { passive: true })).ok, true)
  clock.advance(1)
  refused(await authority.sessions.recheck(current), 'session_expired')
})

test('a session is fresh for exactly a quarter of an hour after its proof', async (t) => {
  const { authority, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  const current = await check(authority, (await logIn(authority, 'ada')).token)
  clock.advance(15 * MINUTE - 1)
  assert.equal(authority.sessions.freshWithin(current).ok, true)
  clock.advance(1)
  refused(authority.sessions.freshWithin(current), 'step_up_required')
  assert.equal(authority.sessions.freshWithin(current, HOUR).ok, true)
})
