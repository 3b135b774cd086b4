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
