import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addActor,
  check,
  granted,
  logIn,
  openFixture,
  PASSWORD,
  refused,
  type TestFixture,
} from '../../../../test/support/authority.ts'

const NEXT = 'another fine stone'

const acts: Record<string, (fixture: TestFixture, actorId: string) => Promise<unknown>> = {
  'a password change': ({ authority }, actorId) =>
    authority.credentials.changePassword({ actorId, currentPassword: PASSWORD, next: NEXT }),
  'a password change that keeps all sessions': ({ authority }, actorId) =>
    authority.credentials.changePassword({
      actorId,
      currentPassword: PASSWORD,
      next: NEXT,
      sessions: 'keep',
    }),
  'a suspension': ({ authority }, actorId) => authority.actors.suspend(actorId),
  'a lock-all': ({ authority }) => authority.sessions.lockAll(),
  'an end of all sessions': ({ authority }, owner) =>
    authority.sessions.end({ owner, raiseEpoch: true }),
}

for (const [name, act] of Object.entries(acts)) {
  test(`no login that began before ${name} creates a session after it`, async (t) => {
    const fixture = await openFixture(t)
    const { authority, tap, clock } = fixture
    const ada = await addActor(authority, 'Ada')
    const held = tap.hold('sessions.create', 'before')
    const login = authority.login({ identity: 'ada', password: PASSWORD })
    await held.reached
    await act(fixture, ada.id)
    held.release()
    refused(await login, 'conflict')
    assert.deepEqual((await fixture.raw.sessions.list({ now: clock.now(), limit: 10 })).items, [])
  })
}

test('a login that read the credential before a password change creates no session', async (t) => {
  const { authority, tap, raw, clock } = await openFixture(t)
  const ada = await addActor(authority, 'Ada')
  const held = tap.hold('directory.find', 'after')
  const login = authority.login({ identity: 'ada', password: PASSWORD })
  await held.reached
  granted(await authority.credentials.resetPassword({ actorId: ada.id, next: NEXT }))
  held.release()
  refused(await login, 'conflict')
  assert.equal(await raw.sessions.count({ now: clock.now() }), 0)
})

test('a login that read the epochs before a password change and the credential after is refused', async (t) => {
  const { authority, tap } = await openFixture(t)
  const ada = await addActor(authority, 'Ada')
  const held = tap.hold('sessions.findEpochs', 'after')
  const login = authority.login({ identity: 'ada', password: NEXT })
  await held.reached
  granted(await authority.credentials.resetPassword({ actorId: ada.id, next: NEXT }))
  held.release()
  refused(await login, 'conflict')
  granted(await authority.login({ identity: 'ada', password: NEXT }))
})

test('epochs also apply to an external proof, an anonymous login and an impersonation', async (t) => {
  const fixture = await openFixture(t)
  const { authority, tap } = fixture
  const ada = await addActor(authority, 'Ada', ['impersonate'])
  const eve = await addActor(authority, 'Eve')
  const current = await check(authority, (await logIn(authority, 'ada')).token)
  for (const begin of [
    () => authority.sessions.loginAs(ada.id),
    () => authority.sessions.loginAnonymous(),
    () => authority.sessions.impersonate(current, eve.id),
  ]) {
    const held = tap.hold('sessions.create', 'before')
    const login = begin()
    await held.reached
    await authority.sessions.lockAll()
    held.release()
    refused(await login, 'conflict')
  }
})

test('a change of one actor does not refuse the login of another', async (t) => {
  const fixture = await openFixture(t)
  const { authority, tap } = fixture
  await addActor(authority, 'Ada')
  const eve = await addActor(authority, 'Eve')
  const held = tap.hold('sessions.create', 'before')
  const login = authority.login({ identity: 'ada', password: PASSWORD })
  await held.reached
  await authority.actors.suspend(eve.id)
  held.release()
  granted(await login)
})
