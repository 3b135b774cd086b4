import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { binaryHeader, dial, openPort, until } from '../../../../test/support/angen-transport.ts'

const proxies = ['127.0.0.1']

describe('a listener behind a proxy', () => {
  test('takes the client’s address from a header of either version, however it is cut', async (t) => {
    const { port, met } = await openPort(t, { proxies })
    const text = await dial(t, port)
    text.send('PROXY TCP4 192.0.2.7 127.0.0.1 1 2\r\n{"a":1}\n')
    await text.until('{"a":1}\n')
    const binary = await dial(t, port)
    const body = [192, 0, 2, 8, 127, 0, 0, 1, 0, 1, 0, 2]
    for (const byte of binaryHeader({ family: 0x11, body })) {
      binary.send(Uint8Array.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    binary.send('{"b":2}\n')
    await binary.until('{"b":2}\n')
    const own = await dial(t, port)
    own.send(binaryHeader({ command: 0x20 }))
    own.send('{"c":3}\n')
    await own.until('{"c":3}\n')
    assert.deepEqual(
      met.map(({ wire }) => wire.address),
      ['192.0.2.7', '192.0.2.8', '127.0.0.1'],
    )
  })

  test('closes what begins with none, with a wrong one, or does not begin in time', async (t) => {
    const { port, met, hub } = await openPort(t, { proxies, limits: { handshakeMs: 80 } })
    const late = await dial(t, port)
    const partial = await dial(t, port)
    partial.send('PROXY TCP4 ')
    const none = await dial(t, port)
    none.send('{"name":"system/ping"}\n')
    const wrong = await dial(t, port)
    wrong.send('PROXY TCP4 localhost 127.0.0.1 1 2\r\n')
    const ended = await dial(t, port)
    ended.socket.end('PROXY ')
    for (const client of [late, partial, none, wrong, ended]) assert.equal(await client.closed, '')
    assert.equal(met.length, 0)
    assert.equal(hub.counter.size, 0)
  })

  test('an address is counted as the header names it', async (t) => {
    const { port, met } = await openPort(t, { proxies, limits: { maxPerAddress: 1 } })
    const header = 'PROXY TCP4 192.0.2.7 127.0.0.1 1 2\r\n'
    const first = await dial(t, port)
    first.send(header)
    await until(() => met.length === 1)
    const second = await dial(t, port)
    second.send(header)
    assert.equal(await second.closed, '')
    const other = await dial(t, port)
    other.send('PROXY TCP4 192.0.2.9 127.0.0.1 1 2\r\nx\n')
    await other.until('x\n')
  })

  test('from a peer that is no proxy a header is an ordinary message', async (t) => {
    const { port, met } = await openPort(t, { proxies: ['192.0.2.0/24'] })
    const client = await dial(t, port)
    client.send('PROXY TCP4 192.0.2.7 127.0.0.1 1 2\r\n')
    await until(() => met[0]?.heard.length === 1)
    assert.equal(met[0]?.wire.address, '127.0.0.1')
  })

  test('drains while a header is awaited', async (t) => {
    const { port, drain } = await openPort(t, { proxies })
    const client = await dial(t, port)
    await drain(new AbortController().signal)
    assert.equal(await client.closed, '')
  })
})
