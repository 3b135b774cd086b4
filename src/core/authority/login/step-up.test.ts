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
  refused,
  renewalOf,
} from '../../../../test/support/authority.ts'

const RIGHT = { password: PASSWORD }

test('a step-up rotates the token in place: the id and the renewal code stay, the old token is invalid', async (t) => {
  const here = await openFixture(t)
  const there = await here.addNode()
  await addActor(here.authority, 'Ada')
  const login = await logIn(here.authority, 'ada')
  const current = await check(there.authority, login.token)
  here.clock.advance(20 * 60_000)
  const proven = granted(await here.authority.stepUp(current, RIGHT))
  assert.equal(proven.session.id, login.session.id)
  assert.equal(proven.session.authenticatedAt, here.clock.now())
  assert.equal(proven.session.endsAt, login.session.endsAt)
  for (const { authority } of [here, there]) {
    refused(await authority.authenticate(login.token), 'token_invalid')
    const fresh = await check(authority, proven.token)
    assert.equal(authority.sessions.freshWithin(fresh).ok, true)
  }
  refused(here.authority.sessions.freshWithin(current), 'step_up_required')
  granted(await here.authority.renew(renewalOf(login)))
})

test('a wrong password changes nothing and counts as a failed login', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  const current = await check(authority, token)
  for (let at = 0; at < 5; at++) {
    refused(await authority.stepUp(current, { password: 'wrong' }), 'credentials_invalid')
  }
  refused(await authority.stepUp(current, RIGHT), 'throttled')
  refused(await authority.login({ identity: 'ada', password: PASSWORD }), 'throttled')
  await check(authority, token)
})

test('neither an anonymous session nor an impersonation can step up', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada', ['impersonate'])
  const eve = await addActor(authority, 'Eve')
  const anonymous = granted(await authority.sessions.loginAnonymous())
  const anonymousSession = await check(authority, anonymous.token)
  refused(await authority.stepUp(anonymousSession, RIGHT), 'credentials_invalid')
  const parent = await check(authority, (await logIn(authority, 'ada')).token)
  const acting = granted(await authority.sessions.impersonate(parent, eve.id))
  const current = await check(authority, acting.token)
  refused(await authority.stepUp(current, RIGHT), 'access_denied')
})

for (const [name, move] of [
  ['password change', 'password'],
  ['lock-all', 'lock'],
  ['suspension', 'suspend'],
  ['revocation', 'revoke'],
] as const) {
  test(`a ${name} between the proof and the rotation refuses the step-up`, async (t) => {
    const { authority, tap } = await openFixture(t)
    const ada = await addActor(authority, 'Ada')
    const login = await logIn(authority, 'ada')
    const current = await check(authority, login.token)
    const held = tap.hold('sessions.update', 'before')
    const proving = authority.stepUp(current, RIGHT)
    await held.reached
    if (move === 'lock') await authority.sessions.lockAll()
    else if (move === 'suspend') await authority.actors.suspend(ada.id)
    else if (move === 'revoke') await authority.sessions.end({ id: login.session.id })
    else {
      const next = 'another fine stone'
      const change = { actorId: ada.id, next, current: login.session.id }
      granted(await authority.credentials.resetPassword(change))
    }
    held.release()
    refused(await proving, 'conflict')
    const after = await authority.authenticate(login.token)
    assert.equal(after.ok, move === 'password')
  })
}

test('a step-up with the right password does not extend an expired session', async (t) => {
  const { authority, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  const current = await check(authority, token)
  clock.advance(HOUR)
  refused(await authority.stepUp(current, RIGHT), 'conflict')
  refused(await authority.authenticate(token), 'session_expired')
})

test('a step-up with a token that is renewed meanwhile is refused, and works with the renewed one', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const login = await logIn(authority, 'ada')
  const current = await check(authority, login.token)
  const [proven, renewed] = await Promise.all([
    authority.stepUp(current, RIGHT),
    authority.renew(renewalOf(login)),
  ])
  const next = await check(authority, granted(renewed).token)
  if (!proven.ok) refused(proven, 'conflict')
  granted(await authority.stepUp(next, RIGHT))
})
