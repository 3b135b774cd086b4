import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addActor,
  check,
  logIn,
  openHouse,
  PASSWORD,
  reasonOf,
  refused,
  renewalOf,
  settled,
  type TestHouse,
  type TestNode,
} from '../../../test/support/authority.ts'

const forever = () => new Promise<never>(() => {})

/** A node that has heard nothing for longer than its lease. */
function cutOff(house: TestHouse, node: TestNode): void {
  house.engine.hub.pause(node.raw.bus)
  house.clock.advance(1000)
}

test('a node that has not heard the bus within its lease asks the store at every check', async (t) => {
  const house = await openHouse(t)
  const node = await house.addNode()
  const ada = await addActor(house.authority, 'Ada', ['user', 'editor'])
  const { token, session } = await logIn(house.authority, 'ada')
  await check(node.authority, token)
  cutOff(house, node)
  await house.authority.setRoles(ada.id, ['user'])
  assert.deepEqual((await check(node.authority, token)).session.access, ['user'])
  await house.authority.endSessions({ which: { id: session.id } })
  assert.equal(await reasonOf(node.authority, token), 'revoked')
})

test('the last instant of the lease is trusted, its end is not', async (t) => {
  const house = await openHouse(t)
  await addActor(house.authority, 'Ada')
  const { token } = await logIn(house.authority, 'ada')
  await check(house.authority, token)
  house.engine.hub.pause(house.raw.bus)
  house.clock.advance(999)
  house.tap.reset()
  await check(house.authority, token)
  assert.equal(house.tap.count('sessions'), 0)
  house.clock.advance(1)
  await check(house.authority, token)
  assert.ok(house.tap.count('sessions') > 0)
})

test('a lock-all during a lapse counts while it lasts', async (t) => {
  const house = await openHouse(t)
  const node = await house.addNode()
  await addActor(house.authority, 'Ada')
  const { token } = await logIn(house.authority, 'ada')
  await check(node.authority, token)
  cutOff(house, node)
  await house.authority.lockAll()
  assert.equal(await reasonOf(node.authority, token), 'locked')
})

test('a lock-all during a lapse counts after it, though nothing was checked meanwhile', async (t) => {
  const house = await openHouse(t)
  const node = await house.addNode()
  await addActor(house.authority, 'Ada')
  const login = await logIn(house.authority, 'ada')
  await check(node.authority, login.token)
  cutOff(house, node)
  await house.authority.lockAll()
  house.engine.hub.resume(node.raw.bus)
  assert.equal(await reasonOf(node.authority, login.token), 'locked')
  refused(await node.authority.renew(renewalOf(login)), 'session_revoked')
})

test('what was revoked during a lapse is not believed after it', async (t) => {
  const house = await openHouse(t)
  const node = await house.addNode()
  const ada = await addActor(house.authority, 'Ada', ['user', 'editor'])
  const [gone, kept] = [await logIn(house.authority, 'ada'), await logIn(house.authority, 'ada')]
  for (const { token } of [gone, kept]) await check(node.authority, token)
  cutOff(house, node)
  await house.authority.endSessions({ which: { id: gone.session.id } })
  await house.authority.setRoles(ada.id, ['user'])
  await house.authority.setSetting('renewal.graceMs', 77)
  house.engine.hub.resume(node.raw.bus)
  assert.equal(await reasonOf(node.authority, gone.token), 'revoked')
  assert.deepEqual((await check(node.authority, kept.token)).session.access, ['user'])
  await settled()
  assert.equal(node.authority.setting('renewal.graceMs'), 77)
})

test('with lease and store both gone the answer is unavailable, and good again when they are back', async (t) => {
  const house = await openHouse(t)
  await addActor(house.authority, 'Ada')
  const { token } = await logIn(house.authority, 'ada')
  await check(house.authority, token)
  cutOff(house, house)
  house.tap.intercept('sessions.find', () => Promise.reject(new Error('connection refused')))
  const refusal = refused(await house.authority.authenticate(token), 'unavailable')
  assert.doesNotMatch(refusal.message, /connection refused/)
  house.tap.intercept('sessions.find', null)
  await check(house.authority, token)
})

test('a store that does not answer is unavailable within the deadline', async (t) => {
  const { authority, tap } = await openHouse(t, { storeTimeoutMs: 3000 })
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  tap.intercept('sessions.find', forever)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const answers = [authority.authenticate(token), authority.authenticate(token)]
  let answered = 0
  for (const answer of answers) answer.then(() => answered++, assert.fail)
  t.mock.timers.tick(2999)
  await settled()
  assert.equal(answered, 0)
  t.mock.timers.tick(1)
  for (const answer of answers) refused(await answer, 'unavailable')
  tap.intercept('sessions.find', null)
  await check(authority, token)
})

test('an unreachable directory is unavailable, not a logout', async (t) => {
  const { authority, tap } = await openHouse(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  tap.intercept('directory.find', () => Promise.reject(new Error('gone')))
  refused(await authority.authenticate(token), 'unavailable')
  tap.intercept('directory.find', null)
  await check(authority, token)
})

test('a yes from the cache needs no store while the lease lasts', async (t) => {
  const { authority, tap } = await openHouse(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  await check(authority, token)
  for (const name of ['sessions.find', 'directory.find', 'sessions.findEpochs']) {
    tap.intercept(name, () => Promise.reject(new Error('gone')))
  }
  await check(authority, token)
})

for (const stuck of ['sessions.touch', 'sessions.create', 'directory.findByIdentity']) {
  test(`a login is unavailable within the deadline when ${stuck} hangs`, async (t) => {
    const { authority, tap, clock } = await openHouse(t)
    await addActor(authority, 'Ada')
    const { token } = await logIn(authority, 'ada')
    clock.advance(10 * 60_000)
    await check(authority, token)
    tap.intercept(stuck, forever)
    t.mock.timers.enable({ apis: ['setTimeout'] })
    let answered = false
    const login = authority.login({ identity: 'ada', password: PASSWORD })
    login.then(() => (answered = true), assert.fail)
    for (let step = 0; step < 200 && !answered; step++) {
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
