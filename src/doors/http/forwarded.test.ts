import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import {
  type Asking,
  type Fixture,
  openFixture,
  PASSWORD,
  parsed,
  refused,
} from '../../../test/support/http-door.ts'
import { sessionListingShape } from '../../commands/built-in/shapes.ts'

const listShape = z.strictObject({ sessions: z.array(sessionListingShape) })
const PROXIES = { door: { trustedProxies: ['10.0.0.0/8', '2001:db8::1'] } }

/** The address that the list shows for a login that came so. */
async function addressOf(fixture: Fixture, asking: Asking): Promise<string | null> {
  await fixture.authority.actors.register({ name: 'ada', password: PASSWORD })
  const login = await fixture.ask('POST /v1/sessions', {
    ...asking,
    body: { identity: 'ada', password: PASSWORD },
  })
  const token = String(login.body['token'])
  const list = parsed(await fixture.ask('GET /v1/sessions', { token }), 200, listShape)
  return list.sessions[0]?.client.address ?? null
}

const forwarded = (address: string, chain: string): Asking => ({
  address,
  headers: { 'x-forwarded-for': chain },
})

for (const [name, options, asking, expected] of [
  ['the peer, without a proxy', {}, { address: '203.0.113.7' }, '203.0.113.7'],
  ['no client, where the peer is unknown', {}, {}, null],
  ['the peer, where no proxy is trusted', {}, forwarded('10.0.0.1', '203.0.113.9'), '10.0.0.1'],
  [
    'the peer, which is no trusted proxy',
    PROXIES,
    forwarded('192.0.2.1', '203.0.113.9'),
    '192.0.2.1',
  ],
  ['who a trusted proxy names', PROXIES, forwarded('10.0.0.1', '203.0.113.9'), '203.0.113.9'],
  [
    'who the last proxy names',
    PROXIES,
    forwarded('10.0.0.1', '1.1.1.1, 203.0.113.9'),
    '203.0.113.9',
  ],
  [
    'the last hop that is not a trusted proxy',
    PROXIES,
    forwarded('10.0.0.1', '203.0.113.9, 10.0.0.2'),
    '203.0.113.9',
  ],
  ['the proxy, where it sends no header', PROXIES, { address: '10.0.0.1' }, '10.0.0.1'],
  ['the proxy, which names nonsense', PROXIES, forwarded('10.0.0.1', 'unknown'), '10.0.0.1'],
  [
    'the proxy, where the chain has no valid last hop',
    PROXIES,
    forwarded('10.0.0.1', `${'1.1.1.1,'.repeat(5000)}x`),
    '10.0.0.1',
  ],
  [
    'an address of IPv6',
    PROXIES,
    forwarded('2001:db8::1', '[2001:DB8:1::9]:4711'),
    '2001:db8:1::9',
  ],
  ['a mapped address as IPv4', {}, { address: '::ffff:203.0.113.7' }, '203.0.113.7'],
] as const) {
  test(`the address of a session is that of ${name}`, async () => {
    await using fixture = await openFixture(options)
    assert.equal(await addressOf(fixture, asking), expected)
  })
}

test('the standard header sets the client address, behind a trusted proxy', async () => {
  await using fixture = await openFixture(PROXIES)
  const headers = { forwarded: 'for=203.0.113.9;proto=https' }
  assert.equal(await addressOf(fixture, { address: '10.0.0.1', headers }), '203.0.113.9')
  assert.equal(await addressOf(fixture, { address: '192.0.2.1', headers }), '192.0.2.1')
})

test('no other header sets the client address', async () => {
  await using fixture = await openFixture(PROXIES)
  const headers = {
    'x-real-ip': '203.0.113.9',
    'x-client-ip': '203.0.113.9',
    'cf-connecting-ip': '203.0.113.9',
    'x-user-id': 'root',
  }
  assert.equal(await addressOf(fixture, { address: '10.0.0.1', headers }), '10.0.0.1')
})

const register = (fixture: Fixture, name: string, asking: Asking) =>
  fixture.ask('POST /v1/actors', { ...asking, body: { name, password: PASSWORD } })

test('registrations are limited by address, and a forged header does not change it', async () => {
  await using fixture = await openFixture({ settings: { 'throttle.createPerMinute': 2 } })
  for (const [name, chain, status] of [
    ['a', '203.0.113.1', 201],
    ['b', '203.0.113.2', 201],
    ['c', '203.0.113.3', 429],
  ] as const) {
    const reply = await register(fixture, name, forwarded('192.0.2.1', chain))
    assert.equal(reply.status, status)
  }
  assert.equal((await register(fixture, 'd', { address: '192.0.2.2' })).status, 201)
  fixture.clock.advance(60_000)
  assert.equal((await register(fixture, 'e', { address: '192.0.2.1' })).status, 201)
})

test('behind a trusted proxy each client has its own limit', async () => {
  await using fixture = await openFixture({
    ...PROXIES,
    settings: { 'throttle.createPerMinute': 1 },
  })
  const from = (client: string) => forwarded('10.0.0.1', client)
  assert.equal((await register(fixture, 'a', from('203.0.113.1'))).status, 201)
  const second = await register(fixture, 'b', from('203.0.113.1'))
  refused(second, 429, 'throttled')
  assert.equal(second.headers.get('retry-after'), '60')
  assert.equal((await register(fixture, 'b', from('203.0.113.2'))).status, 201)
  refused(await register(fixture, 'c', from('6.6.6.6, 203.0.113.2')), 429, 'throttled')
})

test('failed logins are limited by address', async () => {
  await using fixture = await openFixture({ settings: { 'throttle.addressPerMinute': 3 } })
  await fixture.person('ada')
  const ask = (identity: string, password: string, address: string) =>
    fixture.ask('POST /v1/sessions', { address, body: { identity, password } })
  for (let i = 0; i < 3; i++) {
    refused(await ask(`nobody${i}`, 'x', '192.0.2.1'), 401, 'credentials_invalid')
  }
  refused(await ask('ada', PASSWORD, '192.0.2.1'), 429, 'throttled')
  assert.equal((await ask('ada', PASSWORD, '192.0.2.2')).status, 201)
})

test('anonymous sessions are limited by address', async () => {
  await using fixture = await openFixture({ settings: { 'throttle.createPerMinute': 1 } })
  const visit = () => fixture.ask('POST /v1/sessions/anonymous', { address: '192.0.2.1' })
  assert.equal((await visit()).status, 201)
  refused(await visit(), 429, 'throttled')
})

test('a malformed proxy entry trusts no peer and fails no request', async () => {
  await using fixture = await openFixture({
    door: { trustedProxies: ['proxy.internal', '10.0.0.0/99'] },
  })
  assert.equal(await addressOf(fixture, forwarded('10.0.0.1', '203.0.113.9')), '10.0.0.1')
})
