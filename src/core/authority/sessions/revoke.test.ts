import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addActor,
  check,
  granted,
  HOUR,
  logIn,
  openFixture,
  PASSWORD,
  reasonOf,
  refused,
  settled,
} from '../../../../test/support/authority.ts'

test('an end whose caller aborted still takes effect', async (t) => {
  const { authority, tap } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  const current = await check(authority, token)
  const held = tap.hold('sessions.end', 'after')
  const caller = new AbortController()
  const leaving = authority.logout(current, { signal: caller.signal })
  await held.reached
  caller.abort()
  await assert.rejects(leaving, { name: 'AbortError' })
  held.release()
  await settled()
  assert.equal(await reasonOf(authority, token), 'logged_out')
})

test('an end that the store acknowledged after its deadline still takes effect', async (t) => {
  const { authority, tap } = await openFixture(t, { storeTimeoutMs: 20 })
  await addActor(authority, 'Ada')
  const { token, session } = await logIn(authority, 'ada')
  await check(authority, token)
  const held = tap.hold('sessions.end', 'after')
  await assert.rejects(authority.sessions.end({ id: session.id }), {
    code: 'unavailable',
  })
  held.release()
  await settled()
  assert.equal(await reasonOf(authority, token), 'revoked')
})

for (const which of ['the session', 'all of the owner'] as const) {
  test(`ending ${which} again takes effect if the answer to the first end was lost`, async (t) => {
    const { authority, tap, addNode } = await openFixture(t)
    const there = await addNode()
    const ada = await addActor(authority, 'Ada')
    const { token, session } = await logIn(authority, 'ada')
    for (const node of [authority, there.authority]) await check(node, token)
    const selector = which === 'the session' ? { id: session.id } : { owner: ada.id }
    tap.intercept('sessions.end', async (proceed) => {
      await proceed()
      throw new Error('connection lost')
    })
    await assert.rejects(authority.sessions.end(selector), { code: 'unavailable' })
    tap.intercept('sessions.end', null)
    assert.deepEqual(await authority.sessions.end(selector), [])
    for (const node of [authority, there.authority]) {
      assert.equal(await reasonOf(node, token), 'revoked')
    }
  })
}

test('ending again takes effect if the second call ends further sessions', async (t) => {
  const { authority, tap, addNode } = await openFixture(t)
  const there = await addNode()
  const ada = await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  await check(there.authority, token)
  tap.intercept('sessions.end', async (proceed) => {
    await proceed()
    throw new Error('connection lost')
  })
  const which = { owner: ada.id }
  await assert.rejects(authority.sessions.end(which), { code: 'unavailable' })
  tap.intercept('sessions.end', null)
  const { session } = await logIn(authority, 'ada')
  const ended = await authority.sessions.end(which)
  assert.deepEqual(
    ended.map(({ id }) => id),
    [session.id],
  )
  assert.equal(await reasonOf(there.authority, token), 'revoked')
})

test('a session kept live only by an unwritten use on another node ends with the others', async (t) => {
  const { authority, clock, addNode } = await openFixture(t)
  const there = await addNode()
  const ada = await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  await check(there.authority, token)
  clock.advance(HOUR - 1)
  await check(there.authority, token)
  clock.advance(1)
  await authority.sessions.end({ owner: ada.id })
  refused(await there.authority.authenticate(token), 'session_revoked')
  await there.authority.close()
  assert.equal(await reasonOf(authority, token), 'revoked')
})

test('a removed role is gone even if the store acknowledged the change after its deadline', async (t) => {
  const { authority, tap } = await openFixture(t, { storeTimeoutMs: 20 })
  const ada = await addActor(authority, 'Ada', ['user', 'admin'])
  await addActor(authority, 'Root', ['admin'])
  const { token } = await logIn(authority, 'ada')
  await check(authority, token)
  const held = tap.hold('directory.update', 'after')
  await assert.rejects(authority.actors.setRoles(ada.id, ['user']), { code: 'unavailable' })
  held.release()
  await settled()
  assert.deepEqual((await check(authority, token)).session.roles, ['user'])
})

test('sessions ended by a password change are invalid even if a later step fails', async (t) => {
  const { authority, tap } = await openFixture(t)
  const ada = await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  await check(authority, token)
  tap.intercept('counters.remove', () => Promise.reject(new Error('gone')))
  const change = { actorId: ada.id, next: 'another fine stone' }
  refused(await authority.credentials.resetPassword(change), 'unavailable')
  tap.intercept('counters.remove', null)
  assert.equal(await reasonOf(authority, token), 'password_changed')
  granted(await authority.login({ identity: 'ada', password: change.next }))
  refused(await authority.login({ identity: 'ada', password: PASSWORD }), 'credentials_invalid')
})

test('a password change that the store made after its deadline still ends the sessions', async (t) => {
  const { authority, tap } = await openFixture(t, { storeTimeoutMs: 20 })
  const ada = await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  await check(authority, token)
  const held = tap.hold('directory.setPassword', 'after')
  const next = 'another fine stone'
  refused(await authority.credentials.resetPassword({ actorId: ada.id, next }), 'unavailable')
  held.release()
  await settled()
  assert.equal(await reasonOf(authority, token), 'password_changed')
})
