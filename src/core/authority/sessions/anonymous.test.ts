import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  check,
  granted,
  HOUR,
  openFixture,
  reasonOf,
  refused,
} from '../../../../test/support/authority.ts'
import { until } from '../../../../test/support/until.ts'
import { UNPRESENTED_MS } from '../../session/lifetimes.ts'

const KEY = 'a-key-of-at-least-22-characters'

test('an anonymous session that no client presents lives for 5 minutes, one that is presented for its idle time', async (t) => {
  const { authority, clock } = await openFixture(t)
  const [presented, unused] = [
    granted(await authority.sessions.loginAnonymous()),
    granted(await authority.sessions.loginAnonymous()),
  ]
  clock.advance(1)
  await check(authority, presented.token)
  clock.advance(UNPRESENTED_MS)
  await check(authority, presented.token)
  refused(await authority.authenticate(unused.token), 'session_expired')
  clock.advance(HOUR - 1)
  await check(authority, presented.token)
})

test('a keyed anonymous session that is not found again lives for 5 minutes', async (t) => {
  const { authority, clock } = await openFixture(t)
  const { keyed } = authority.sessions
  granted(await keyed.put(KEY, { value: 1 }))
  granted(await keyed.put(`${KEY}-of-another`, { value: 1 }))
  clock.advance(1000)
  granted(await keyed.find(KEY))
  clock.advance(UNPRESENTED_MS)
  granted(await keyed.find(KEY))
  refused(await keyed.find(`${KEY}-of-another`), 'session_expired')
})

test('a vouched anonymous session is neither throttled nor in the audit trail', async (t) => {
  const { authority } = await openFixture(t, { settings: { 'throttle.createPerMinute': 1 } })
  const from = { address: '192.0.2.1' }
  for (let at = 0; at < 5; at++) {
    granted(await authority.sessions.loginAnonymous({ vouched: true }, from))
  }
  assert.deepEqual((await authority.audit.list({ limit: 10 })).items, [])
  granted(await authority.sessions.loginAnonymous({}, from))
  refused(await authority.sessions.loginAnonymous({}, from), 'throttled')
  const acts = (await authority.audit.list({ limit: 10 })).items.map(({ act }) => act)
  assert.deepEqual(acts.includes('anonymous_login'), true)
})

test('anonymous sessions of one address are limited: the least recently used is evicted on every node', async (t) => {
  const here = await openFixture(t, { settings: { 'anonymous.maxPerAddress': 2 } })
  const there = (await here.addNode()).authority
  const from = { address: '192.0.2.1' }
  const login = async () =>
    granted(await here.authority.sessions.loginAnonymous({ vouched: true }, from)).token
  const [first, second] = [await login(), await login()]
  here.clock.advance(1000)
  await check(there, second)
  await check(there, first)
  here.clock.advance(1000)
  await check(there, first)
  const other = await here.authority.sessions.loginAnonymous({}, { address: '192.0.2.2' })
  await here.authority.sessions.keyed.put(KEY, { value: 1 }, from)
  await login()
  assert.equal(await here.authority.sessions.count(), 3)
  await check(there, granted(other).token)
  for (const token of [first, second]) assert.equal(await reasonOf(there, token), 'evicted')
  assert.equal(granted(await there.sessions.keyed.find(KEY)).value, 1)
})

test('about the configured number of anonymous sessions is kept, the least recently used are evicted', async (t) => {
  const { authority, clock } = await openFixture(t, { settings: { 'anonymous.maxTotal': 10 } })
  const tokens: string[] = []
  const login = async () => {
    tokens.push(granted(await authority.sessions.loginAnonymous({ vouched: true })).token)
    clock.advance(1)
  }
  for (let at = 0; at < 8; at++) await login()
  const [first, second] = tokens
  await check(authority, String(first))
  for (let at = 0; at < 4; at++) await login()
  await until(async () => (await authority.sessions.count()) <= 10)
  await check(authority, String(first))
  assert.equal(await reasonOf(authority, String(second)), 'evicted')
})
