import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addActor,
  check,
  logIn,
  openFixture,
  PASSWORD,
  reasonOf,
  refused,
  renewalOf,
  settled,
  type TestFixture,
  type TestNode,
} from '../../../test/support/authority.ts'
import { mockTimers } from '../../../test/support/mock-timers.ts'

const forever = () => new Promise<never>(() => {})

/** Stops a node from receiving messages for longer than its lease. */
function cutOff(fixture: TestFixture, node: TestNode): void {
  fixture.engine.hub.pause(node.raw.bus)
  fixture.clock.advance(1000)
}

test('a node whose lease has run out asks the store at every check', async (t) => {
  const fixture = await openFixture(t)
  const node = await fixture.addNode()
  const ada = await addActor(fixture.authority, 'Ada', ['user', 'editor'])
  const { token, session } = await logIn(fixture.authority, 'ada')
  await check(node.authority, token)
  cutOff(fixture, node)
  await fixture.authority.actors.setRoles(ada.id, ['user'])
  assert.deepEqual((await check(node.authority, token)).session.roles, ['user'])
  await fixture.authority.sessions.end({ id: session.id })
  assert.equal(await reasonOf(node.authority, token), 'revoked')
})

test('the last instant of the lease is trusted, its end is not', async (t) => {
  const fixture = await openFixture(t)
  await addActor(fixture.authority, 'Ada')
  const { token } = await logIn(fixture.authority, 'ada')
  await check(fixture.authority, token)
  fixture.engine.hub.pause(fixture.raw.bus)
  fixture.clock.advance(999)
  fixture.tap.reset()
  await check(fixture.authority, token)
  assert.equal(fixture.tap.count('sessions'), 0)
  fixture.clock.advance(1)
  await check(fixture.authority, token)
  assert.ok(fixture.tap.count('sessions') > 0)
})

test('a lock-all during a lapse counts while the lapse lasts', async (t) => {
  const fixture = await openFixture(t)
  const node = await fixture.addNode()
  await addActor(fixture.authority, 'Ada')
  const { token } = await logIn(fixture.authority, 'ada')
  await check(node.authority, token)
  cutOff(fixture, node)
  await fixture.authority.sessions.lockAll()
  assert.equal(await reasonOf(node.authority, token), 'locked')
})

test('a lock-all during a lapse counts after it, even if nothing was checked meanwhile', async (t) => {
  const fixture = await openFixture(t)
  const node = await fixture.addNode()
  await addActor(fixture.authority, 'Ada')
  const login = await logIn(fixture.authority, 'ada')
  await check(node.authority, login.token)
  cutOff(fixture, node)
  await fixture.authority.sessions.lockAll()
  fixture.engine.hub.resume(node.raw.bus)
  assert.equal(await reasonOf(node.authority, login.token), 'locked')
  refused(await node.authority.renew(renewalOf(login)), 'session_revoked')
})

test('a session revoked during a lapse is not accepted after it', async (t) => {
  const fixture = await openFixture(t)
  const node = await fixture.addNode()
  const ada = await addActor(fixture.authority, 'Ada', ['user', 'editor'])
  const [gone, kept] = [
    await logIn(fixture.authority, 'ada'),
    await logIn(fixture.authority, 'ada'),
  ]
  for (const { token } of [gone, kept]) await check(node.authority, token)
  cutOff(fixture, node)
  await fixture.authority.sessions.end({ id: gone.session.id })
  await fixture.authority.actors.setRoles(ada.id, ['user'])
  await fixture.authority.settings.set('renewal.graceMs', 77)
  fixture.engine.hub.resume(node.raw.bus)
  assert.equal(await reasonOf(node.authority, gone.token), 'revoked')
  assert.deepEqual((await check(node.authority, kept.token)).session.roles, ['user'])
  await settled()
  assert.equal(node.authority.settings.get('renewal.graceMs'), 77)
})

test('without lease and store the answer is unavailable, and checks succeed again once both are back', async (t) => {
  const fixture = await openFixture(t)
  await addActor(fixture.authority, 'Ada')
  const { token } = await logIn(fixture.authority, 'ada')
  await check(fixture.authority, token)
  cutOff(fixture, fixture)
  fixture.tap.intercept('sessions.load', () => Promise.reject(new Error('connection refused')))
  const refusal = refused(await fixture.authority.authenticate(token), 'unavailable')
  assert.doesNotMatch(refusal.message, /connection refused/)
  fixture.tap.intercept('sessions.load', null)
  await check(fixture.authority, token)
})

test('a store that does not answer is unavailable within the deadline', async (t) => {
  const { authority, tap } = await openFixture(t, { storeTimeoutMs: 3000 })
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  tap.intercept('sessions.load', forever)
  mockTimers(t, ['setTimeout'])
  const answers = [authority.authenticate(token), authority.authenticate(token)]
  let answered = 0
  for (const answer of answers) answer.then(() => answered++, assert.fail)
  t.mock.timers.tick(2999)
  await settled()
  assert.equal(answered, 0)
  t.mock.timers.tick(1)
  for (const answer of answers) refused(await answer, 'unavailable')
  tap.intercept('sessions.load', null)
  await check(authority, token)
})

test('an unreachable directory is unavailable, not a logout', async (t) => {
  const { authority, tap } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  tap.intercept('directory.find', () => Promise.reject(new Error('gone')))
  refused(await authority.authenticate(token), 'unavailable')
  tap.intercept('directory.find', null)
  await check(authority, token)
})

test('a positive answer from the cache needs no store while the lease is valid', async (t) => {
  const { authority, tap } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  await check(authority, token)
  for (const name of ['sessions.load', 'directory.find', 'sessions.findEpochs']) {
    tap.intercept(name, () => Promise.reject(new Error('gone')))
  }
  await check(authority, token)
})

for (const stuck of ['sessions.touch', 'sessions.create', 'directory.findByIdentity']) {
  test(`a login is unavailable within the deadline when ${stuck} hangs`, async (t) => {
    const { authority, tap, clock } = await openFixture(t)
    await addActor(authority, 'Ada')
    const { token } = await logIn(authority, 'ada')
    clock.advance(10 * 60_000)
    await check(authority, token)
    tap.intercept(stuck, forever)
    mockTimers(t, ['setTimeout'])
    let answered = false
    const login = authority.login({ identity: 'ada', password: PASSWORD })
    login.then(() => (answered = true), assert.fail)
    // The password is hashed in real time, so the wait is one of real time too.
    const giveUp = performance.now() + 30_000
    while (!answered && performance.now() < giveUp) {
      t.mock.timers.tick(100)
      await settled()
    }
    assert.ok(answered, 'the login hangs')
    if (stuck !== 'sessions.touch') refused(await login, 'unavailable')
    tap.intercept(stuck, null)
    t.mock.timers.tick(3000)
    await settled()
  })
}
