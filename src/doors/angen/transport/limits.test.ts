import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { dial, openPort, until } from '../../../../test/support/angen-transport.ts'
import type { Wire } from '../wire.ts'
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

  test('a new connection takes the place of the unauthenticated one that was idle longest', async (t) => {
    const { port, met, hub } = await openPort(t, { limits: { maxUnauthenticated: 2 } })
    const [first, second] = [await dial(t, port), await dial(t, port)]
    await until(() => met.length === 2)
    first.send('hello\n')
    await first.until('hello\n')
    const third = await dial(t, port)
    assert.equal(await second.closed, '')
    assert.equal(first.socket.destroyed, false)
    met[0]?.wire.authenticated()
    await until(() => met.length === 3)
    met[2]?.wire.authenticated()
    const more = [await dial(t, port), await dial(t, port)]
    await until(() => met.length === 5)
    assert.equal(hub.counter.size, 4)
    const all = [first, third, ...more]
    assert.deepEqual(
      all.filter(({ socket }) => socket.destroyed),
      [],
    )
  })

  test('a client that sends one byte at a time and never logs in is closed', async (t) => {
    const { port } = await openPort(t, { limits: { authenticateMs: 200, idleMs: 10_000 } })
    const client = await dial(t, port)
    const drip = setInterval(() => client.send('x'), 10)
    t.after(() => clearInterval(drip))
    await client.closed
  })

  test('messages do not extend the time to log in, and a login in progress is answered', async (t) => {
    const login = Promise.withResolvers<void>()
    const limits = { authenticateMs: 200, idleMs: 10_000 }
    const handle = async (text: string, wire: Wire) => {
      if (text === 'login') await login.promise
      wire.send(text)
    }
    const { port } = await openPort(t, { limits, handle })
    const [talking, logging, silent] = [
      await dial(t, port),
      await dial(t, port),
      await dial(t, port),
    ]
    const talk = setInterval(() => talking.send('hello\n'), 10)
    t.after(() => clearInterval(talk))
    logging.send('login\n')
    assert.match(await talking.closed, /^(hello\n)+$/)
    assert.equal(logging.socket.destroyed, false)
    login.resolve()
    assert.equal(await logging.closed, 'login\n')
    await silent.closed
  })

  test('connections of an address are counted, if it is not exempt', async (t) => {
    const { port, met } = await openPort(t, { limits: { maxPerAddress: 1, exempt: [] } })
    const replaced = await dial(t, port)
    const first = await dial(t, port)
    assert.equal(await replaced.closed, '')
    await until(() => met.length === 2)
    met[1]?.wire.authenticated()
    assert.equal(await (await dial(t, port)).closed, '')
    first.socket.destroy()
    await until(() => met[1]?.gone === true)
    await dial(t, port)
    await until(() => met.length === 3)
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
