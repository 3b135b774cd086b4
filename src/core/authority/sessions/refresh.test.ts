import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  addActor,
  check,
  granted,
  logIn,
  MINUTE,
  openFixture,
  refresh,
  refused,
  type TestFixture,
} from '../../../../test/support/authority.ts'
import { JWT_FORMAT, jwtCodec } from '../../token/jwt-codec.ts'

const AGENT = { profile: 'agent', format: JWT_FORMAT } as const

async function openAgents(t: TestContext): Promise<TestFixture> {
  const fixture = await openFixture(t, { codecs: [jwtCodec()] })
  await addActor(fixture.authority, 'Ada')
  return fixture
}

test("a refresh extends the session's token and does not affect the previous one", async (t) => {
  const { authority, clock } = await openAgents(t)
  const login = await logIn(authority, 'ada', AGENT)
  clock.advance(5 * MINUTE)
  const next = granted(await refresh(authority, login.token))
  assert.notEqual(next.token, login.token)
  assert.equal(next.expiresAt, clock.now() + 10 * MINUTE)
  assert.equal(next.session.id, login.session.id)
  await check(authority, login.token)
  await check(authority, next.token)
})

test('a hundred simultaneous refreshes on two nodes all return a valid token, and write only the use', async (t) => {
  const here = await openAgents(t)
  const there = await here.addNode()
  const { token } = await logIn(here.authority, 'ada', AGENT)
  here.clock.advance(5 * MINUTE)
  here.tap.reset()
  const all = await Promise.all(
    Array.from({ length: 100 }, (_, at) => refresh((at % 2 ? here : there).authority, token)),
  )
  const texts = new Set(all.map((outcome) => granted(outcome).token))
  assert.equal(texts.size, 1)
  assert.equal(here.tap.count('sessions.update'), 0)
  for (const text of texts) await check(there.authority, text)
})

test('an agent session that is refreshed in time lives for exactly twelve hours', async (t) => {
  const { authority, clock } = await openAgents(t)
  let { token, session } = await logIn(authority, 'ada', AGENT)
  let rounds = 0
  while (clock.now() + 6 * MINUTE < session.endsAt) {
    clock.advance(6 * MINUTE)
    const next = granted(await refresh(authority, token))
    assert.ok(next.expiresAt <= session.endsAt)
    token = next.token
    rounds++
  }
  assert.equal(rounds, 119)
  const current = await check(authority, token)
  assert.equal(authority.sessions.refreshDue(current), false)
  clock.set(session.endsAt)
  refused(await refresh(authority, token), 'session_expired')
})

test('an unused agent session expires, and no refresh restores it', async (t) => {
  const { authority, clock } = await openAgents(t)
  const { token } = await logIn(authority, 'ada', AGENT)
  clock.advance(10 * MINUTE)
  refused(await refresh(authority, token), 'session_expired')
  refused(await refresh(authority, ''), 'token_missing')
  refused(await refresh(authority, 'nonsense'), 'token_invalid')
})

test("a refresh is due past the threshold of the token's life", async (t) => {
  const { authority, clock } = await openAgents(t)
  const { token } = await logIn(authority, 'ada', AGENT)
  const due = async () => authority.sessions.refreshDue(await check(authority, token))
  clock.advance(5 * MINUTE - 1)
  assert.equal(await due(), false)
  clock.advance(1)
  assert.equal(await due(), true)
  await authority.settings.set('token.refreshThreshold', 0.9)
  assert.equal(await due(), false)
  clock.advance(4 * MINUTE)
  assert.equal(await due(), true)
})

test('a token without its own expiry keeps its text, and its session gets a later end', async (t) => {
  const { authority, clock } = await openAgents(t)
  const { token } = await logIn(authority, 'ada', { profile: 'agent' })
  clock.advance(9 * MINUTE)
  const next = granted(await refresh(authority, token))
  assert.equal(next.token, token)
  assert.equal(next.expiresAt, clock.now() + 10 * MINUTE)
  assert.equal(authority.sessions.refreshDue(await check(authority, token)), false)
})

test('only sessions renewed by use can be refreshed', async (t) => {
  const { authority } = await openAgents(t)
  const eve = await addActor(authority, 'Eve')
  await addActor(authority, 'Sam', ['impersonate'])
  for (const profile of ['web', 'device', 'game'] as const) {
    for (const format of ['native', JWT_FORMAT]) {
      const { token } = await logIn(authority, 'ada', { profile, format })
      refused(await refresh(authority, token), 'invalid_request')
      assert.equal(authority.sessions.refreshDue(await check(authority, token)), false)
    }
  }
  const sam = await check(authority, (await logIn(authority, 'sam')).token)
  const acting = granted(await authority.sessions.impersonate(sam, eve.id))
  refused(await refresh(authority, acting.token), 'access_denied')
})

test('a refresh respects the lock-all, the binding and the end of a session', async (t) => {
  const { authority } = await openAgents(t)
  const from = { address: '192.0.2.7' }
  const bound = await logIn(authority, 'ada', { ...AGENT, bindAddress: true }, from)
  refused(await refresh(authority, bound.token, { address: '192.0.2.8' }), 'token_invalid')
  granted(await refresh(authority, bound.token, from))
  await authority.sessions.lockAll()
  refused(await refresh(authority, bound.token, from), 'session_revoked')
})
