import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { binaryHeader } from '../../../../test/support/angen-transport.ts'
import { MAX_PROXY_HEADER_BYTES, readProxyHeader } from './proxy-header.ts'

const text = (header: string) => readProxyHeader(Buffer.from(header, 'latin1'))

describe('the PROXY protocol, version 1', () => {
  const good: readonly [header: string, address: string | null][] = [
    ['PROXY TCP4 192.0.2.7 192.0.2.1 4711 8201\r\n', '192.0.2.7'],
    ['PROXY TCP6 2001:DB8:0::7 ::1 1 65535\r\n', '2001:db8::7'],
    ['PROXY TCP6 ::ffff:192.0.2.7 ::1 1 1\r\n', '192.0.2.7'],
    ['PROXY UNKNOWN\r\n', null],
    ['PROXY UNKNOWN ffff::1 ffff::1 65535 65535\r\n', null],
  ]
  for (const [header, address] of good) {
    test(`reads ${JSON.stringify(header)}`, () => {
      const length = header.length
      assert.deepEqual(text(`${header}{"name":1}\n`), { state: 'whole', address, length })
      for (let cut = 0; cut < length; cut++) {
        assert.deepEqual(text(header.slice(0, cut)), { state: 'partial' })
      }
    })
  }

  const wrong = [
    '{"name":"system/ping"}\n',
    'GET / HTTP/1.1\r\n',
    'PROXY\r\n',
    'PROXY TCP4 192.0.2.7 192.0.2.1 4711 8201\n',
    'PROXY TCP4 192.0.2.7 192.0.2.1 4711\r\n',
    'PROXY TCP4 192.0.2.7 192.0.2.1 4711 65536\r\n',
    'PROXY TCP4 192.0.2.07 192.0.2.1 4711 1\r\n',
    'PROXY TCP4 192.0.2 192.0.2.1 4711 1\r\n',
    'PROXY TCP4 ::1 ::1 4711 1\r\n',
    'PROXY TCP6 192.0.2.7 192.0.2.1 4711 1\r\n',
    'PROXY TCP4  192.0.2.7 192.0.2.1 4711 1\r\n',
    'PROXY UDP4 192.0.2.7 192.0.2.1 4711 1\r\n',
    `PROXY UNKNOWN ${'x'.repeat(100)}\r\n`,
  ]
  for (const header of wrong) {
    test(`refuses ${JSON.stringify(header.slice(0, 60))}`, () =>
      assert.deepEqual(text(header), { state: 'wrong' }))
  }
})

describe('the PROXY protocol, version 2', () => {
  test('reads addresses of both families, with extensions after them', () => {
    const v4 = binaryHeader({ family: 0x11, body: [192, 0, 2, 7, 192, 0, 2, 1, 1, 2, 3, 4, 9, 9] })
    assert.deepEqual(readProxyHeader(Buffer.concat([v4, Buffer.from('{}\n')])), {
      state: 'whole',
      address: '192.0.2.7',
      length: 30,
    })
    const source = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]
    const v6 = binaryHeader({ family: 0x21, body: [...source, ...source, 1, 2, 3, 4] })
    assert.deepEqual(readProxyHeader(v6), { state: 'whole', address: '2001:db8::7', length: 52 })
    for (let cut = 0; cut < v6.length; cut++) {
      assert.deepEqual(readProxyHeader(v6.subarray(0, cut)), { state: 'partial' })
    }
  })

  test('the peer’s address stands for the proxy’s own connections and for what has none', () => {
    const whole = (length: number) => ({ state: 'whole', address: null, length })
    assert.deepEqual(readProxyHeader(binaryHeader({ command: 0x20 })), whole(16))
    const body = [192, 0, 2, 7, 192, 0, 2, 1, 1, 2, 3, 4]
    const local = binaryHeader({ command: 0x20, family: 0x11, body })
    assert.deepEqual(readProxyHeader(local), whole(28))
    assert.deepEqual(readProxyHeader(binaryHeader({ family: 0x00 })), whole(16))
    const unix = binaryHeader({ family: 0x31, body: Array<number>(216).fill(0) })
    assert.deepEqual(readProxyHeader(unix), whole(232))
  })

  test('refuses what is too short, too long, of another version or transport', () => {
    const body = [192, 0, 2, 7, 192, 0, 2, 1, 1, 2, 3, 4]
    for (const header of [
      binaryHeader({ family: 0x11, body: body.slice(1) }),
      binaryHeader({ family: 0x21, body }),
      binaryHeader({ family: 0x12, body }),
      binaryHeader({ command: 0x11, family: 0x11, body }),
      binaryHeader({ command: 0x22, family: 0x11, body }),
      binaryHeader({ family: 0x11, body: Array<number>(MAX_PROXY_HEADER_BYTES).fill(0) }),
    ]) {
      assert.deepEqual(readProxyHeader(header), { state: 'wrong' })
    }
  })
})

test('any bytes are a header, the beginning of one, or none', () => {
  const starts = fc.constantFrom(
    '',
    'PROXY ',
    'PROXY TCP4 ',
    '\r\n\r\n\0\r\nQUIT\n',
    '\r\n\r\n\0\r\nQUIT\n\x21\x11',
  )
  fc.assert(
    fc.property(starts, fc.uint8Array({ maxLength: 200 }), (start, rest) => {
      const bytes = Buffer.concat([Buffer.from(start, 'latin1'), rest])
      const header = readProxyHeader(bytes)
      if (header.state === 'whole') assert.ok(header.length <= bytes.length)
      if (header.state === 'partial') assert.ok(bytes.length < MAX_PROXY_HEADER_BYTES)
    }),
  )
})
