import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { dial, openPort, until } from '../../../../test/support/angen-transport.ts'
import { ConnectionCounter } from './connection-counter.ts'
import { DEFAULT_ANGEN_LIMITS } from './limits.ts'
import { TokenBucket } from './token-bucket.ts'

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

describe('the limits of a connection', () => {
  test('over its rate a client is read more slowly, and nothing is lost', async (t) => {
    const limits = { messagesPerSecond: 500, messageBurst: 10, floodMs: 60_000 }
    const { port, met } = await openPort(t, { limits })
    const client = await dial(t, port)
    const lines = Array.from({ length: 110 }, (_, index) => `${index}\n`).join('')
    const start = performance.now()
    client.send(lines)
    await client.until('109\n')
    assert.ok(performance.now() - start > 150, 'a hundred messages at 500 a second')
    assert.equal(client.text(), lines)
    assert.deepEqual(met[0]?.refused, [])
  })

  test('a message without an end waits for the rate like any other', async (t) => {
    const { port } = await openPort(t, { limits: { messagesPerSecond: 10, messageBurst: 1 } })
    const client = await dial(t, port)
    client.send('1\n{"a":1}')
    await client.until('{"a":1}\n')
  })

  test('who goes on over the rate is closed', async (t) => {
    const limits = { messagesPerSecond: 20, messageBurst: 5, floodMs: 200 }
    const { port, met } = await openPort(t, { limits })
    const client = await dial(t, port)
    const flood = setInterval(() => client.send('x\nx\nx\n'), 5)
    t.after(() => clearInterval(flood))
    assert.match(await client.closed, /^(x\n)+refused: throttled\n$/)
    assert.ok((met[0]?.heard.length ?? 0) <= 12)
  })

  test('a burst after a pause is no flood, however long the last one is ago', async (t) => {
    const limits = { messagesPerSecond: 200, messageBurst: 4, floodMs: 100 }
    const { port } = await openPort(t, { limits })
    const client = await dial(t, port)
    for (const round of ['a', 'b', 'c']) {
      client.send(`1\n2\n3\n4\n5\n6\n${round}\n`)
      await client.until(`${round}\n`)
      await pause(110)
    }
    assert.equal(client.socket.destroyed, false)
  })

  test('bytes count without a line end and before login', async (t) => {
    const limits = {
      bytesPerSecond: 1_000,
      byteBurst: 1_000,
      unauthenticatedLineBytes: 1e9,
      lineBytes: 1e9,
    }
    const { port } = await openPort(t, { limits: { ...limits, floodMs: 150 } })
    const client = await dial(t, port)
    const drip = setInterval(() => client.send('x'.repeat(200)), 5)
    t.after(() => clearInterval(drip))
    assert.equal(await client.closed, 'refused: throttled\n')
  })

  test('a reader that is too slow is closed, and nothing is sent to it any more', async (t) => {
    const { port, met } = await openPort(t, { limits: { bufferedBytes: 100_000, closeMs: 50 } })
    const client = await dial(t, port)
    client.socket.pause()
    await until(() => met.length === 1)
    const push = 'x'.repeat(10_000)
    let sent = 0
    while (met[0]?.wire.send(push) === true) {
      sent += 1
      assert.ok(sent < 10_000, 'it was buffered without end')
      if (sent % 50 === 0) await pause(1)
    }
    assert.equal(met[0]?.wire.send(push), false)
    await until(() => met[0]?.gone === true)
  })

  test('who asks and does not read is not asked further, nor closed for it', async (t) => {
    const answer = 'x'.repeat(1_000)
    const limits = {
      messageBurst: 1e6,
      messagesPerSecond: 1e6,
      bytesPerSecond: 1e9,
      byteBurst: 1e9,
    }
    const { port, met } = await openPort(t, { limits, handle: (_, wire) => void wire.send(answer) })
    const client = await dial(t, port)
    client.socket.pause()
    const asked = 20_000
    client.send('ask\n'.repeat(asked))
    let handled = -1
    while (handled !== (met[0]?.heard.length ?? 0)) {
      handled = met[0]?.heard.length ?? 0
      await pause(100)
    }
    assert.ok(handled < asked, 'it was answered into a buffer')
    client.socket.resume()
    await until(() => client.text().length === asked * (answer.length + 1))
  })

  test('silence in both directions closes; traffic in either keeps it', async (t) => {
    const { port, met } = await openPort(t, { limits: { idleMs: 500 } })
    const [silent, asking, listening] = [
      await dial(t, port),
      await dial(t, port),
      await dial(t, port),
    ]
    await until(() => met.length === 3)
    while (!silent.socket.destroyed) {
      asking.send('\n')
      met[2]?.wire.send('push')
      await pause(20)
    }
    assert.equal(asking.socket.destroyed, false)
    assert.equal(listening.socket.destroyed, false)
  })

  test('strangers are counted, those who have logged in are not', async (t) => {
    const { port, met, hub } = await openPort(t, { limits: { maxUnauthenticated: 2 } })
    const [first, second] = [await dial(t, port), await dial(t, port)]
    await until(() => met.length === 2)
    assert.equal(await (await dial(t, port)).closed, '')
    met[0]?.wire.authenticated()
    await dial(t, port)
    await until(() => met.length === 3)
    first.socket.destroy()
    await until(() => hub.counter.size === 2)
    assert.equal(await (await dial(t, port)).closed, '')
    second.socket.destroy()
    await until(() => hub.counter.size === 1)
    await dial(t, port)
    await until(() => met.length === 4)
  })

  test('connections of an address are counted, if it is not exempt', async (t) => {
    const { port, met } = await openPort(t, { limits: { maxPerAddress: 1, exempt: [] } })
    const first = await dial(t, port)
    await until(() => met.length === 1)
    assert.equal(await (await dial(t, port)).closed, '')
    first.socket.destroy()
    await until(() => met[0]?.gone === true)
    await dial(t, port)
    await until(() => met.length === 2)
    const other = await openPort(t, { limits: { maxPerAddress: 1 } })
    await Promise.all([dial(t, other.port), dial(t, other.port)])
    await until(() => other.met.length === 2)
  })
})

test('an bucket gives its burst at once, then its rate, and takes its debts back', () => {
  const bucket = new TokenBucket(100, 50, 0)
  bucket.spend(80, 0)
  assert.equal(bucket.left(0), -30)
  assert.equal(bucket.left(300), 0)
  assert.equal(bucket.isEasy(549), false)
  assert.equal(bucket.isEasy(550), true)
  assert.equal(bucket.left(1e9), 50)
  assert.equal(bucket.left(0), 50, 'a clock that goes back gives nothing')
})

test('the counter is right after any coming and going', () => {
  const addresses = fc.constantFrom(
    '192.0.2.1',
    '192.0.2.2',
    '2001:db8::1',
    '2001:db8::2',
    '127.0.0.1',
    null,
  )
  const limits = { ...DEFAULT_ANGEN_LIMITS, maxPerAddress: 2, maxUnauthenticated: 5 }
  fc.assert(
    fc.property(fc.array(fc.tuple(addresses, fc.constantFrom('in', 'out', 'known'))), (acts) => {
      const counter = new ConnectionCounter(limits)
      const inside: {
        guest: NonNullable<ReturnType<ConnectionCounter['enter']>>
        of: string | null
      }[] = []
      const networkOf = (address: string | null) => (address?.includes(':') ? 'six' : address)
      for (const [address, act] of acts) {
        const first = inside.find(({ of }) => of === address)
        if (act === 'in') {
          const alike = inside.filter(({ of }) => networkOf(of) === networkOf(address)).length
          const exempt = address === null || address === '127.0.0.1'
          const strangers = inside.filter(({ guest }) => !guest.authenticated).length
          const guest = counter.enter(address)
          assert.equal(guest !== null, strangers < 5 && (exempt || alike < 2))
          if (guest !== null) inside.push({ guest, of: address })
        } else if (first !== undefined && act === 'out') {
          counter.leave(first.guest)
          // As a protocol may say while its socket is closing.
          counter.know(first.guest)
          inside.splice(inside.indexOf(first), 1)
        } else if (first !== undefined) counter.know(first.guest)
        assert.equal(counter.size, inside.length)
      }
    }),
  )
})
