import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { clientOf, dial, openPort, until } from '../../../../test/support/angen-transport.ts'

describe('a plain listener', () => {
  test('sends nothing first, and passes on messages and answers in their order', async (t) => {
    const { port, met } = await openPort(t)
    const client = await dial(t, port)
    client.send('{"a":1}\r\n\n{"b":')
    client.send('"é"}\n{"c":3}\n')
    await client.until('{"c":3}\n')
    assert.equal(client.text(), '{"a":1}\n{"b":"é"}\n{"c":3}\n')
    assert.equal(met[0]?.wire.address, '127.0.0.1')
    assert.equal(met[0]?.wire.transport, 'tcp')
  })

  test('handles one message at a time, however long it takes', async (t) => {
    let open = 0
    const { port } = await openPort(t, {
      async handle(text, wire) {
        open += 1
        assert.equal(open, 1)
        await new Promise((resolve) => setTimeout(resolve, Number(text)))
        open -= 1
        wire.send(text)
      },
    })
    const client = await dial(t, port)
    client.send('20\n1\n')
    client.send('5\n2\n')
    await client.until('2\n')
    assert.equal(client.text(), '20\n1\n5\n2\n')
  })

  test('answers in one write what came in one', async (t) => {
    const { port } = await openPort(t)
    const socket = connect({ port, host: '127.0.0.1' })
    t.after(() => socket.destroy())
    const chunks: string[] = []
    socket.on('data', (chunk) => chunks.push(chunk.toString()))
    socket.write('1\n2\n3\n')
    await until(() => chunks.join('') === '1\n2\n3\n')
    assert.equal(chunks.length, 1)
  })

  test('takes a message without an end once the client is quiet', async (t) => {
    const { port, met } = await openPort(t)
    const client = await dial(t, port)
    client.send('{"half":')
    await until(() => met.length === 1)
    await new Promise((resolve) => setTimeout(resolve, 60))
    assert.deepEqual(met[0]?.heard, [])
    client.send('1}')
    await client.until('{"half":1}\n')
  })

  test('answers what was asked before the client stopped sending, and closes', async (t) => {
    const { port } = await openPort(t, {
      handle: (text, wire) =>
        new Promise((resolve) => {
          setTimeout(() => resolve(void wire.send(text)), 20)
        }),
    })
    const client = await dial(t, port)
    client.socket.end('{"a":1}\n{"b":2}')
    assert.equal(await client.closed, '{"a":1}\n{"b":2}\n')
  })

  test('a line that is too long is refused; login lifts the limit', async (t) => {
    const { port, met } = await openPort(t, {
      limits: { lineBytes: 100, unauthenticatedLineBytes: 10 },
      handle(text, wire) {
        if (text === 'login') wire.authenticated()
        wire.send(text)
      },
    })
    const stranger = await dial(t, port)
    stranger.send(`0123456789\n${'x'.repeat(11)}`)
    assert.equal(await stranger.closed, '0123456789\nrefused: too_large\n')
    const known = await dial(t, port)
    known.send(`login\n${'x'.repeat(100)}\n`)
    await known.until(`${'x'.repeat(100)}\n`)
    known.send('x'.repeat(101))
    assert.match(await known.closed, /refused: too_large\n$/)
    await until(() => met[1]?.gone === true)
  })

  test('what is no UTF-8 is refused, and telnet’s Ctrl-C closes without a word', async (t) => {
    const { port, met } = await openPort(t)
    const broken = await dial(t, port)
    broken.send(Buffer.from([0x61, 0x0a, 0xc3, 0x28, 0x0a]))
    assert.equal(await broken.closed, 'a\nrefused: not_utf8\n')
    const telnet = await dial(t, port)
    telnet.send(Buffer.from([0xff, 0xf4, 0xff]))
    telnet.send(Buffer.from([0xfd, 0x06]))
    assert.equal(await telnet.closed, '')
    assert.deepEqual(met[1]?.refused, [])
  })

  test('a protocol that fails ends its own connection only', async (t) => {
    const { port, errors } = await openPort(t, {
      handle(text, wire) {
        if (text === 'throw') throw new Error('thrown')
        if (text === 'reject') return Promise.reject(new Error('rejected'))
        wire.send(text)
        return undefined
      },
    })
    const [thrown, rejected, other] = await Promise.all([1, 2, 3].map(() => dial(t, port)))
    thrown?.send('throw\n')
    rejected?.send('reject\n')
    await Promise.all([thrown?.closed, rejected?.closed])
    assert.deepEqual(errors.map(String).sort(), ['Error: rejected', 'Error: thrown'])
    other?.send('still here\n')
    await other?.until('still here\n')
  })

  test('drains: the message under way is answered, no other is begun', async (t) => {
    let answer = () => {}
    const { port, drain, met } = await openPort(t, {
      handle: (text, wire) =>
        new Promise((resolve) => {
          answer = () => resolve(void wire.send(text))
        }),
    })
    const [busy, quiet] = [await dial(t, port), await dial(t, port)]
    busy.send('1\n2\n')
    await until(() => met[0]?.heard.length === 1)
    const drained = drain(new AbortController().signal)
    assert.equal(await quiet.closed, '')
    answer()
    assert.equal(await busy.closed, '1\n')
    await drained
    assert.deepEqual(met[0]?.heard, ['1'])
    await assert.rejects(dial(t, port), { code: 'ECONNREFUSED' })
  })

  test('drains: what does not end in time is cut', async (t) => {
    const { port, drain, met } = await openPort(t, { handle: () => new Promise(() => undefined) })
    const client = await dial(t, port)
    client.send('1\n')
    await until(() => met[0]?.heard.length === 1)
    const limit = new AbortController()
    const drained = drain(limit.signal)
    limit.abort()
    await Promise.all([drained, client.closed])
  })

  test('any bytes, and any end, leave the process and the neighbour as they were', async (t) => {
    const { port, hub, errors } = await openPort(t)
    const neighbour = await dial(t, port)
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.json().map((text) => Buffer.from(text)),
    )
    const ends = fc.constantFrom('reset', 'end', 'destroy')
    await fc.assert(
      fc.asyncProperty(fc.array(bytes, { maxLength: 4 }), ends, async (chunks, end) => {
        const client = clientOf(connect({ port, host: '127.0.0.1' }))
        for (const chunk of chunks) client.send(chunk)
        if (end === 'end') client.socket.end()
        else
          client.socket.once('connect', () =>
            client.socket[end === 'reset' ? 'resetAndDestroy' : 'destroy'](),
          )
        await client.closed
        const said = `${Math.random()}\n`
        neighbour.send(said)
        await neighbour.until(said)
      }),
      { numRuns: 150 },
    )
    await until(() => hub.counter.size === 1)
    assert.deepEqual(errors, [])
  })

  test('two thousand connections come and go and leave nothing', async (t) => {
    const { port, hub, met } = await openPort(t, { limits: { maxUnauthenticated: 500 } })
    for (let round = 0; round < 10; round++) {
      const clients = await Promise.all(Array.from({ length: 200 }, () => dial(t, port)))
      for (const client of clients) client.send('x\n')
      await Promise.all(clients.map((client) => client.until('x\n')))
      for (const [index, { socket }] of clients.entries()) {
        if (index % 2 === 0) socket.destroy()
        else socket.resetAndDestroy()
      }
      await until(() => hub.counter.size === 0)
    }
    assert.equal(met.length, 2_000)
    assert.ok(met.every(({ gone }) => gone))
  })
})
