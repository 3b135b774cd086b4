import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addActor,
  check,
  granted,
  type Held,
  logIn,
  openFixture,
  reasonOf,
  refused,
  renewalOf,
  settled,
} from '../../../../test/support/authority.ts'

test('a revocation on another node counts on this one as soon as it is acknowledged', async (t) => {
  const here = await openFixture(t)
  const there = await here.addNode()
  await addActor(here.authority, 'Ada')
  const { token, session } = await logIn(here.authority, 'ada')
  await check(here.authority, token)
  await there.authority.sessions.end({ id: session.id })
  here.tap.reset()
  assert.equal(await reasonOf(here.authority, token), 'revoked')
  assert.equal(here.tap.count('sessions.load'), 1)
})

test('a logout counts on every node', async (t) => {
  const here = await openFixture(t)
  const nodes = [here, await here.addNode(), await here.addNode()]
  await addActor(here.authority, 'Ada')
  const { token } = await logIn(here.authority, 'ada')
  for (const { authority } of nodes) await check(authority, token)
  await here.authority.logout(await check(here.authority, token))
  for (const { authority } of nodes) assert.equal(await reasonOf(authority, token), 'logged_out')
})

test('a token renewed on another node is valid here before the message has arrived', async (t) => {
  const here = await openFixture(t)
  const there = await here.addNode()
  await addActor(here.authority, 'Ada')
  const login = await logIn(here.authority, 'ada')
  await check(here.authority, login.token)
  here.engine.hub.pause(here.raw.bus)
  const renewing = there.authority.renew(renewalOf(login))
  await settled()
  // The retry goes to another node and is answered before this node receives a message.
  const elsewhere = await here.addNode()
  const { token } = granted(await elsewhere.authority.renew(renewalOf(login)))
  assert.equal((await check(here.authority, token)).session.generation, 1)
  here.engine.hub.resume(here.raw.bus)
  granted(await renewing)
})

test('a role removed on another node counts here at the next check', async (t) => {
  const here = await openFixture(t)
  const there = await here.addNode()
  const ada = await addActor(here.authority, 'Ada', ['user', 'editor'])
  const { token } = await logIn(here.authority, 'ada')
  await check(here.authority, token)
  await there.authority.actors.setRoles(ada.id, ['user'])
  assert.deepEqual((await check(here.authority, token)).session.roles, ['user'])
})

test('a session that ended while it was being read is not cached', async (t) => {
  const { authority, tap } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token, session } = await logIn(authority, 'ada')
  const held = tap.hold('sessions.load', 'after')
  const early = authority.authenticate(token)
  await held.reached
  await authority.sessions.end({ id: session.id })
  assert.equal(await reasonOf(authority, token), 'revoked')
  held.release()
  await early
  assert.equal(await reasonOf(authority, token), 'revoked')
})

test('an actor that changed while it was being read is not cached by a session either', async (t) => {
  const { authority, tap } = await openFixture(t)
  const ada = await addActor(authority, 'Ada', ['user', 'editor'])
  const { token } = await logIn(authority, 'ada')
  const held = tap.hold('directory.find', 'after')
  const early = authority.authenticate(token)
  await held.reached
  await authority.actors.setRoles(ada.id, ['user'])
  held.release()
  await early
  assert.deepEqual((await check(authority, token)).session.roles, ['user'])
})

test('an actor that was suspended while it was being read is refused', async (t) => {
  const { authority, tap } = await openFixture(t)
  const ada = await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  const held = tap.hold('directory.find', 'after')
  const early = authority.authenticate(token)
  await held.reached
  await authority.actors.suspend(ada.id)
  held.release()
  refused(await early, 'session_revoked')
  assert.equal(await reasonOf(authority, token), 'suspended')
})

test('a change of an actor counts even after the actor was evicted from the cache', async (t) => {
  const { authority } = await openFixture(t, { cache: { maxBytes: 4 * 560 } })
  const ada = await addActor(authority, 'Ada', ['user', 'editor'])
  const { token } = await logIn(authority, 'ada')
  await check(authority, token)
  // Actors with long names fill their cache while there is room for sessions.
  for (let at = 0; at < 3; at++) {
    const name = `${at}`.repeat(200)
    await addActor(authority, name)
    const other = await logIn(authority, name)
    await check(authority, token)
    await check(authority, other.token)
  }
  await authority.actors.setRoles(ada.id, ['user'])
  assert.deepEqual((await check(authority, token)).session.roles, ['user'])
})

test('checks stay correct in a cache with a single entry', async (t) => {
  const { authority } = await openFixture(t, { cache: { maxEntries: 1 } })
  await addActor(authority, 'Ada', ['impersonate'])
  const eve = await addActor(authority, 'Eve')
  const parent = await logIn(authority, 'ada')
  const current = await check(authority, parent.token)
  const acting = granted(await authority.sessions.impersonate(current, eve.id))
  for (let round = 0; round < 3; round++) {
    assert.equal((await check(authority, acting.token)).actor.name, 'Eve')
    assert.equal((await check(authority, parent.token)).actor.name, 'Ada')
  }
})

test('lock-all reaches every node, and sessions created after it are valid', async (t) => {
  const here = await openFixture(t)
  const there = await here.addNode()
  await addActor(here.authority, 'Ada')
  const before = await logIn(here.authority, 'ada')
  await check(there.authority, before.token)
  await here.authority.sessions.lockAll()
  for (const { authority } of [here, there]) {
    assert.equal(await reasonOf(authority, before.token), 'locked')
  }
  const after = await logIn(there.authority, 'ada')
  for (const { authority } of [here, there]) await check(authority, after.token)
})

test('a lock-all while a session is being read counts', async (t) => {
  const here = await openFixture(t)
  await addActor(here.authority, 'Ada')
  const { token } = await logIn(here.authority, 'ada')
  const there = await here.addNode()
  const held = there.tap.hold('sessions.load', 'after')
  const reading = there.authority.authenticate(token)
  await held.reached
  await here.authority.sessions.lockAll()
  held.release()
  await reading
  assert.equal(await reasonOf(there.authority, token), 'locked')
})

test('an epoch raised while a session is being read counts', async (t) => {
  const here = await openFixture(t)
  const { id } = await addActor(here.authority, 'Ada')
  const { token } = await logIn(here.authority, 'ada')
  const there = await here.addNode()
  const held = there.tap.hold('sessions.load', 'after')
  const reading = there.authority.authenticate(token)
  await held.reached
  await here.authority.sessions.end({ owner: id, raiseEpoch: true })
  held.release()
  refused(await reading, 'session_revoked')
  refused(await there.authority.authenticate(token), 'session_revoked')
})

test('a change of settings while a node starts counts', async (t) => {
  const here = await openFixture(t)
  const reached = Promise.withResolvers<Held>()
  const opening = here.addNode({}, (tap) => {
    tap.intercept('documents.find', async (proceed, [key]) => {
      const answer = await proceed()
      if (key !== 'settings') return answer
      const held = Promise.withResolvers<void>()
      tap.intercept('documents.find', null)
      reached.resolve({ reached: Promise.resolve(), release: held.resolve })
      await held.promise
      return answer
    })
  })
  const held = await reached.promise
  await here.authority.settings.set('renewal.graceMs', 1234)
  held.release()
  const there = await opening
  await settled()
  assert.equal(there.authority.settings.get('renewal.graceMs'), 1234)
})

test('a change of settings reaches every node', async (t) => {
  const here = await openFixture(t)
  const there = await here.addNode()
  await here.authority.settings.set('renewal.graceMs', 1234)
  await settled()
  assert.equal(there.authority.settings.get('renewal.graceMs'), 1234)
  await there.authority.settings.set('renewal.graceMs', undefined)
  await settled()
  assert.equal(here.authority.settings.get('renewal.graceMs'), 30_000)
})
