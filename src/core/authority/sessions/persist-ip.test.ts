import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  addActor,
  check,
  granted,
  logIn,
  openFixture,
  refused,
  renewalOf,
  settled,
} from '../../../../test/support/authority.ts'
import type { Settings } from '../../settings.ts'
import type { Authority } from '../authority.ts'

const PERSIST = 'require_tokens_to_persist_ip'
const HERE = { address: '192.0.2.7' }
const ELSEWHERE = [{ address: '192.0.2.8' }, { address: '2001:db8::1' }, { address: null }, {}]

async function openPinned(t: TestContext, settings: Partial<Settings> = {}) {
  const fixture = await openFixture(t, { settings: { [PERSIST]: true, ...settings } })
  await addActor(fixture.authority, 'Ada')
  return fixture
}

const device = (authority: Authority, address: string | null) =>
  logIn(authority, 'ada', { profile: 'device' }, { address })

test('a device session is valid only from the address of its login, and is refused elsewhere with the text of a wrong secret', async (t) => {
  const { authority } = await openPinned(t)
  const { token } = await device(authority, '::ffff:192.0.2.7')
  const wrong = await authority.authenticate('lks_x', HERE)
  for (let round = 0; round < 2; round++) {
    await check(authority, token, HERE)
    await check(authority, token, { address: '::ffff:c000:207' })
    for (const place of ELSEWHERE) {
      assert.deepEqual(await authority.authenticate(token, place), wrong)
    }
  }
})

test('a renewal from another address is refused, ends nothing, and leaves the code valid', async (t) => {
  const { authority } = await openPinned(t)
  const login = await device(authority, HERE.address)
  const code = renewalOf(login)
  for (const place of ELSEWHERE) refused(await authority.renew(code, place), 'token_invalid')
  const renewed = granted(await authority.renew(code, HERE))
  await check(authority, renewed.token, HERE)
  refused(await authority.authenticate(renewed.token, ELSEWHERE[0]), 'token_invalid')
})

test('a device session whose login had no address is valid from no address', async (t) => {
  const { authority } = await openPinned(t)
  const login = await device(authority, null)
  for (const place of [HERE, ...ELSEWHERE]) {
    refused(await authority.authenticate(login.token, place), 'token_invalid')
    refused(await authority.renew(renewalOf(login), place), 'token_invalid')
  }
})

test('sessions of other profiles are valid from any address', async (t) => {
  const { authority } = await openPinned(t)
  for (const profile of ['web', 'game', 'agent'] as const) {
    const login = await logIn(authority, 'ada', { profile }, HERE)
    for (const place of ELSEWHERE) await check(authority, login.token, place)
  }
})

test('a change of the setting counts at once, on every node, for cached sessions too', async (t) => {
  const here = await openFixture(t)
  const there = await here.addNode()
  await addActor(here.authority, 'Ada')
  const login = await device(here.authority, HERE.address)
  const nodes = [here.authority, there.authority]
  for (const node of nodes) await check(node, login.token)
  await here.authority.settings.set(PERSIST, true)
  await settled()
  for (const node of nodes) {
    refused(await node.authenticate(login.token), 'token_invalid')
    await check(node, login.token, HERE)
  }
  await there.authority.settings.set(PERSIST, undefined)
  await settled()
  for (const node of nodes) await check(node, login.token)
})

test('a renewal from another address while the setting is off does not change the bound address', async (t) => {
  const { authority } = await openPinned(t, { [PERSIST]: false })
  const login = await device(authority, HERE.address)
  const renewed = granted(await authority.renew(renewalOf(login), { address: '203.0.113.9' }))
  await authority.settings.set(PERSIST, true)
  refused(await authority.authenticate(renewed.token, { address: '203.0.113.9' }), 'token_invalid')
  await check(authority, renewed.token, HERE)
})

test('a recheck of an open connection needs no address', async (t) => {
  const { authority } = await openPinned(t)
  const { token } = await device(authority, HERE.address)
  const current = await check(authority, token, HERE)
  granted(await authority.sessions.recheck(current))
})

test('with a shorter prefix every address of the network is valid', async (t) => {
  const prefixes = { 'persist_ip.prefixV4': 24, 'persist_ip.prefixV6': 64 }
  const { authority } = await openPinned(t, prefixes)
  const { token } = await device(authority, HERE.address)
  await check(authority, token, { address: '192.0.2.250' })
  refused(await authority.authenticate(token, { address: '192.0.3.7' }), 'token_invalid')
  const six = await device(authority, '2001:db8::1')
  await check(authority, six.token, { address: '2001:DB8::ffff:1' })
  refused(await authority.authenticate(six.token, { address: '2001:db8:0:1::1' }), 'token_invalid')
})

test('a flood of requests from another address reads the store only a few times a second', async (t) => {
  const { authority, tap } = await openPinned(t)
  const { token } = await device(authority, HERE.address)
  await check(authority, token, HERE)
  tap.reset()
  for (let at = 0; at < 50; at++) refused(await authority.authenticate(token), 'token_invalid')
  assert.equal(tap.count('sessions.load'), 10)
})
