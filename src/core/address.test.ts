import assert from 'node:assert/strict'
import { isIP, isIPv6 } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  addressPrefix,
  canonicalAddress,
  forwardedAddress,
  isLoopback,
  isPublic,
  withinPrefix,
} from './address.ts'

const canonical: readonly [string, string][] = [
  ['192.0.2.7', '192.0.2.7'],
  ['0.0.0.0', '0.0.0.0'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['::FFFF:c000:0207', '192.0.2.7'],
  ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7%eth0', '192.0.2.7'],
  ['::192.0.2.7', '::c000:207'],
  ['64:ff9b::192.0.2.7', '64:ff9b::c000:207'],
  ['::', '::'],
  ['::1', '::1'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:0db8::0001', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['fe80::1%25', 'fe80::1'],
]
for (const [text, expected] of canonical) {
  test(`${text} has the canonical form ${expected}`, () =>
    assert.equal(canonicalAddress(text), expected))
}

for (const text of [
  '',
  'localhost',
  'unknown',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '01.2.3.4',
  '1.2.3.08',
  '0x7f.0.0.1',
  '2130706433',
  '127.1',
  ' 192.0.2.7',
  '192.0.2.7 ',
  '192.0.2.7\n',
  '192.0.2.7%eth0',
  '192.0.2.7:80',
  '192.0.2.7/32',
  '\u0661.2.3.4',
  ':',
  ':::',
  '1::2::3',
  '12345::',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '::ffff:192.0.2.256',
  '::ffff:192.0.2.07',
  '::1%',
  '::1%a b',
  '[::1]',
  'g::1',
  `::1%${'a'.repeat(64)}`,
]) {
  test(`${JSON.stringify(text)} is not an address`, () =>
    assert.equal(canonicalAddress(text), null))
}

const octets = fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }).map((parts) => parts.join('.'))
const address = fc.oneof(octets, fc.ipV6())

test('IPv6 has the form that URLs use, except for mapped IPv4', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const ours = canonicalAddress(text)
      assert.ok(ours !== null)
      if (isIPv6(ours)) assert.equal(`[${ours}]`, new URL(`http://[${text}]/`).hostname)
      else assert.match(new URL(`http://[${text}]/`).hostname, /^\[::ffff:[^:]+:[^:]+\]$/)
    }),
  )
})

test('a canonical form is an address and its own canonical form', () => {
  fc.assert(
    fc.property(address, (text) => {
      const ours = canonicalAddress(text) ?? ''
      assert.notEqual(isIP(ours), 0)
      assert.equal(canonicalAddress(ours), ours)
    }),
  )
})

test('canonicalAddress accepts exactly the addresses that the platform accepts', () => {
  const characters = fc.constantFrom(...'0123456789abcfF:.%x /')
  fc.assert(
    fc.property(fc.string({ unit: characters, maxLength: 24 }), (text) => {
      if (canonicalAddress(text) !== null) assert.notEqual(isIP(text), 0)
      if (isIP(text) !== 0) assert.notEqual(canonicalAddress(text), null)
    }),
    { numRuns: 2000 },
  )
})

test('an IPv4-mapped address equals the IPv4 address', () => {
  fc.assert(
    fc.property(octets, (text) => {
      assert.equal(canonicalAddress(`::ffff:${text}`), text)
      assert.equal(addressPrefix(`::ffff:${text}`), `${text}/32`)
      assert.ok(withinPrefix(`::ffff:${text}`, `${text}/32`))
      assert.ok(withinPrefix(text, `::ffff:${text}/128`))
    }),
  )
})

test('a prefix is canonical', () => {
  assert.equal(addressPrefix('192.0.2.7'), '192.0.2.7/32')
  assert.equal(addressPrefix('::ffff:192.0.2.7', { v4: 24 }), '192.0.2.0/24')
  assert.equal(addressPrefix('192.0.2.7', { v4: 0 }), '0.0.0.0/0')
  assert.equal(addressPrefix('192.0.2.255', { v4: 27 }), '192.0.2.224/27')
  assert.equal(addressPrefix('2001:DB8::1'), '2001:db8::/64')
  assert.equal(addressPrefix('2001:db8:0:ff:1:2:3:4%eth0'), '2001:db8:0:ff::/64')
  assert.equal(addressPrefix('2001:db8:0:ff:1:2:3:4', { v6: 57 }), '2001:db8:0:80::/57')
  assert.equal(addressPrefix('2001:db8::1', { v6: 128 }), '2001:db8::1/128')
  assert.equal(addressPrefix('nowhere'), null)
  for (const bits of [{ v4: 33 }, { v4: -1 }, { v6: 129 }, { v6: 1.5 }]) {
    assert.throws(() => addressPrefix('192.0.2.7', bits), { code: 'invalid_request' })
  }
})

test('an address is within its own prefix, of any length, and the prefix is its own', () => {
  fc.assert(
    fc.property(address, fc.nat(32), fc.nat(128), (text, v4, v6) => {
      const prefix = addressPrefix(text, { v4, v6 }) ?? ''
      assert.ok(withinPrefix(text, prefix))
      assert.equal(addressPrefix(prefix.split('/')[0] ?? '', { v4, v6 }), prefix)
    }),
  )
})

test('two addresses have the same prefix exactly when one is within that of the other', () => {
  const near = fc.constantFrom(
    '2001:db8::1',
    '2001:db8::2',
    '2001:db8:1::1',
    '192.0.2.1',
    '192.0.3.1',
  )
  fc.assert(
    fc.property(near, near, fc.nat(32), fc.nat(128), (a, b, v4, v6) => {
      const prefix = addressPrefix(b, { v4, v6 }) ?? ''
      assert.equal(withinPrefix(a, prefix), addressPrefix(a, { v4, v6 }) === prefix)
    }),
  )
})

test('an invalid prefix contains no address, and an invalid address is in no prefix', () => {
  assert.equal(withinPrefix(null, '0.0.0.0/0'), false)
  assert.equal(withinPrefix('nowhere', '0.0.0.0/0'), false)
  assert.equal(withinPrefix('192.0.2.7', '::/0'), false)
  assert.equal(withinPrefix('2001:db8::1', '0.0.0.0/0'), false)
  assert.equal(withinPrefix('192.0.2.7', '192.0.2.7'), true)
  assert.equal(withinPrefix('192.0.2.7', '::ffff:192.0.2.0/120'), true)
  assert.equal(withinPrefix('192.0.3.7', '::ffff:192.0.2.0/120'), false)
  for (const prefix of [
    '',
    '/',
    '/32',
    '192.0.2.7/',
    '192.0.2.7/33',
    '192.0.2.7/032',
    '192.0.2.7/ 8',
  ]) {
    assert.equal(withinPrefix('192.0.2.7', prefix), false)
  }
  assert.equal(withinPrefix('192.0.2.7', '::ffff:192.0.2.0/95'), false)
})

test('loopback is 127.0.0.0/8 and ::1', () => {
  for (const own of ['127.0.0.1', '127.255.0.3', '::1', '::ffff:127.0.0.1']) {
    assert.ok(isLoopback(own))
    assert.ok(!isPublic(own))
  }
  for (const other of [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '192.168.1.1',
    'fe80::1',
    'localhost',
    '',
    '128.0.0.1',
  ]) {
    assert.ok(!isLoopback(other))
  }
})

test('isPublic accepts every address reachable from other machines, and the unspecified address', () => {
  for (const open of ['0.0.0.0', '::', '::ffff:0.0.0.0', '8.8.8.8', '2606:4700::1111']) {
    assert.ok(isPublic(open))
  }
  const closed = ['10.0.0.1', '172.16.0.1', '192.168.1.1', '169.254.1.1', '100.64.0.1']
  for (const address of [...closed, 'fd00::1', 'fe80::1%eth0', 'nowhere', '']) {
    assert.ok(!isPublic(address))
  }
})

const trusted = ['127.0.0.1', '10.0.0.0/8', '2001:db8:ffff::/48']
const forwarded: readonly [string, string | null, string | null, string | null][] = [
  ['no header', '10.0.0.1', null, '10.0.0.1'],
  ['no peer', null, '192.0.2.7', null],
  ['a peer that is not an address', 'socket', '192.0.2.7', null],
  ['an untrusted peer with a forged header', '192.0.2.7', '127.0.0.1', '192.0.2.7'],
  ['one proxy', '10.0.0.1', '192.0.2.7', '192.0.2.7'],
  ['one proxy, mapped', '::ffff:10.0.0.1', '::ffff:192.0.2.7', '192.0.2.7'],
  ['two proxies', '10.0.0.1', '192.0.2.7, 10.0.0.2', '192.0.2.7'],
  ['a client with a forged header', '10.0.0.1', '127.0.0.1, 192.0.2.7,10.0.0.2', '192.0.2.7'],
  ['only proxies', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
  ['IPv6', '2001:db8:ffff::1', '2001:DB8::7', '2001:db8::7'],
  ['ports', '10.0.0.1', '[2001:db8::7]:4711, 10.0.0.2:80', '2001:db8::7'],
  ['brackets without a port', '10.0.0.1', '[2001:db8::7]', '2001:db8::7'],
  ['IPv4 in brackets', '10.0.0.1', '[192.0.2.7]', '10.0.0.1'],
  ['an empty header', '10.0.0.1', '', '10.0.0.1'],
  ['an empty entry', '10.0.0.1', '192.0.2.7,', '10.0.0.1'],
  ['an entry that is not an address', '10.0.0.1', '192.0.2.7, unknown, 10.0.0.2', '10.0.0.2'],
  ['more proxies than the limit', '10.0.0.1', `192.0.2.7${', 10.0.0.2'.repeat(40)}`, '10.0.0.2'],
]
for (const [name, peer, forwardedFor, expected] of forwarded) {
  test(`the client's address: ${name}`, () => {
    assert.equal(forwardedAddress({ peer, forwardedFor, trusted }), expected)
  })
}

test('the header of an untrusted peer is ignored', () => {
  fc.assert(
    fc.property(address, fc.string(), (peer, forwardedFor) => {
      assert.equal(forwardedAddress({ peer, forwardedFor, trusted: [] }), canonicalAddress(peer))
    }),
  )
})

test('entries that a client sends before its own address are ignored', () => {
  fc.assert(
    fc.property(fc.string(), (madeUp) => {
      const forwardedFor = `${madeUp}, 192.0.2.7, 10.0.0.2`
      assert.equal(forwardedAddress({ peer: '10.0.0.1', forwardedFor, trusted }), '192.0.2.7')
    }),
  )
})

describe('Forwarded (RFC 7239)', () => {
  const trusted = ['10.0.0.0/8', '2001:db8:a::/48']
  const clientOf = (forwarded: string, forwardedFor: string | null = null) =>
    forwardedAddress({ peer: '10.0.0.1', forwardedFor, forwarded, trusted })

  for (const [header, client] of [
    ['for=192.0.2.60', '192.0.2.60'],
    ['For="192.0.2.60:4711"', '192.0.2.60'],
    ['for="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
    ['for="[2001:DB8:cafe::17]";proto=https;by=10.0.0.1', '2001:db8:cafe::17'],
    ['proto=https; for=192.0.2.60 ;host="a,b;c=d"', '192.0.2.60'],
    ['for=192.0.2.43, for=10.0.0.7', '192.0.2.43'],
    ['for=198.51.100.17;proto=http,for=192.0.2.43', '192.0.2.43'],
    ['for=unknown', '10.0.0.1'],
    ['for=_hidden', '10.0.0.1'],
    ['for=192.0.2.43, proto=https', '10.0.0.1'],
    ['for=192.0.2.43, for=unknown, for=10.0.0.7', '10.0.0.7'],
    ['for=', '10.0.0.1'],
    ['for="192.0.2.43', '10.0.0.1'],
    ['for=192.0.2.43 for=192.0.2.44 "', '10.0.0.1'],
    ['', '10.0.0.1'],
    [`for=192.0.2.43;x=${'y'.repeat(5000)}`, '10.0.0.1'],
  ] as const) {
    test(`${header.slice(0, 60) || 'an empty header'} is ${client}`, () => {
      assert.equal(clientOf(header), client)
    })
  }

  test('is ignored from a peer that is not trusted', () => {
    const forwarded = 'for=192.0.2.60'
    const peer = '203.0.113.1'
    assert.equal(forwardedAddress({ peer, forwardedFor: null, forwarded, trusted }), peer)
  })

  test('and X-Forwarded-For count only where they name the same client', () => {
    assert.equal(clientOf('for=192.0.2.60', '192.0.2.60'), '192.0.2.60')
    assert.equal(clientOf('for=192.0.2.60', '192.0.2.61'), '10.0.0.1')
  })

  test('never throws, and gives an address or the proxy', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const client = clientOf(text)
        assert.ok(client !== null && canonicalAddress(client) === client)
      }),
    )
  })
})
