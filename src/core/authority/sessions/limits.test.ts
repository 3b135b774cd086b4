import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addActor,
  check,
  granted,
  logIn,
  openFixture,
  PASSWORD,
  reasonOf,
  refused,
} from '../../../../test/support/authority.ts'

test('a second game session evicts the first, and its client receives the reason, on every node', async (t) => {
  const here = await openFixture(t)
  const there = await here.addNode()
  const ada = await addActor(here.authority, 'Ada')
  const first = await logIn(here.authority, 'ada', { profile: 'game' })
  await check(there.authority, first.token)
  const second = await logIn(here.authority, 'ada', { profile: 'game' })
  assert.equal(await reasonOf(there.authority, first.token), 'evicted')
  await check(there.authority, second.token)
  const { items } = await here.authority.audit.list({ act: 'session_evicted', limit: 10 })
  assert.deepEqual(
    items.map(({ session, actor }) => [session, actor]),
    [[first.session.id, ada.id]],
  )
})

test('the least recently used session is evicted, including uses that are not yet written', async (t) => {
  const { authority, clock } = await openFixture(t, { settings: { 'profile.web.maxLive': 2 } })
  await addActor(authority, 'Ada')
  const first = await logIn(authority, 'ada')
  const second = await logIn(authority, 'ada')
  clock.advance(10 * 60_000)
  await check(authority, first.token)
  await logIn(authority, 'ada')
  assert.equal(await reasonOf(authority, second.token), 'evicted')
  await check(authority, first.token)
})

test('a limit that refuses does not affect existing sessions', async (t) => {
  const settings = { 'profile.web.maxLive': 1, 'profile.web.onLimit': 'refuse' } as const
  const { authority, clock } = await openFixture(t, { settings })
  await addActor(authority, 'Ada')
  const first = await logIn(authority, 'ada')
  const second = await authority.login({ identity: 'ada', password: PASSWORD })
  refused(second, 'session_limit')
  await check(authority, first.token)
  granted(
    await authority.login({
      identity: 'ada',
      password: PASSWORD,
      replaces: await check(authority, first.token),
    }),
  )
  clock.advance(3_600_000)
  granted(await authority.login({ identity: 'ada', password: PASSWORD }))
})

test('limits are counted for each owner and each profile', async (t) => {
  const { authority } = await openFixture(t, { settings: { 'profile.web.maxLive': 1 } })
  await addActor(authority, 'Ada')
  await addActor(authority, 'Eve')
  const web = await logIn(authority, 'ada')
  await logIn(authority, 'ada', { profile: 'device' })
  await logIn(authority, 'eve')
  await check(authority, web.token)
})

test('of thirty simultaneous logins exactly as many live as the limit allows', async (t) => {
  const here = await openFixture(t, { settings: { 'profile.web.maxLive': 3 } })
  const there = await here.addNode()
  await addActor(here.authority, 'Ada')
  const ada = (await logIn(here.authority, 'ada')).actor
  const logins = await Promise.all(
    Array.from({ length: 30 }, (_, at) =>
      (at % 2 ? here : there).authority.sessions.loginAs(ada.id),
    ),
  )
  const checks = await Promise.all(
    logins.map((login) => here.authority.authenticate(granted(login).token)),
  )
  assert.equal(checks.filter(({ ok }) => ok).length, 3)
  assert.equal(await here.authority.sessions.count(), 3)
})

test('a login over the limit lists the sessions that it may end, and ends one in the same write', async (t) => {
  const settings = { 'profile.web.maxLive': 2, 'profile.web.onLimit': 'refuse' } as const
  const { authority } = await openFixture(t, { settings })
  await addActor(authority, 'Ada')
  const first = await logIn(authority, 'ada', { label: 'laptop' })
  const second = await logIn(authority, 'ada')
  const login = (request = {}) =>
    authority.login({ identity: 'ada', password: PASSWORD, ...request })
  const { sessions = [] } = refused(await login(), 'session_limit')
  assert.deepEqual(
    sessions.map(({ id, client }) => [id, client.label]),
    [
      [second.session.id, null],
      [first.session.id, 'laptop'],
    ],
  )
  granted(await login({ endSession: first.session.id }))
  assert.equal(await reasonOf(authority, first.token), 'revoked')
  await check(authority, second.token)
  const { items } = await authority.audit.list({ act: 'session_ended', limit: 10 })
  assert.deepEqual(
    items.map(({ session }) => session),
    [first.session.id],
  )
})

test('a login from a session of another actor may end one session, and counts neither', async (t) => {
  const settings = { 'profile.web.maxLive': 1, 'profile.web.onLimit': 'refuse' } as const
  const { authority } = await openFixture(t, { settings })
  await addActor(authority, 'Ada')
  await addActor(authority, 'Eve')
  const ada = await logIn(authority, 'ada')
  const eve = await logIn(authority, 'eve')
  const replaces = await check(authority, eve.token)
  await logIn(authority, 'ada', { replaces, endSession: ada.session.id })
  assert.equal(await reasonOf(authority, ada.token), 'revoked')
  assert.equal(await reasonOf(authority, eve.token), 'upgraded')
})

test('a login ends no session of another actor, and with a wrong password it tells of no session', async (t) => {
  const settings = { 'profile.web.maxLive': 1, 'profile.web.onLimit': 'refuse' } as const
  const { authority } = await openFixture(t, { settings })
  await addActor(authority, 'Ada')
  await addActor(authority, 'Eve')
  const eve = await logIn(authority, 'eve')
  await logIn(authority, 'ada')
  const login = (request: object) =>
    authority.login({ identity: 'ada', password: PASSWORD, ...request })
  const theirs = refused(await login({ endSession: eve.session.id }), 'not_found')
  assert.deepEqual(refused(await login({ endSession: 'nothing' }), 'not_found'), theirs)
  const wrong = refused(await login({ password: 'wrong password' }), 'credentials_invalid')
  assert.equal(wrong.sessions, undefined)
  await check(authority, eve.token)
})
