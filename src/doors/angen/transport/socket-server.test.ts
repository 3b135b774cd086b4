import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type OutgoingHttpHeaders } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import {
  clientOf,
  openHub,
  type PortOptions,
  type Transport,
  until,
} from '../../../../test/support/angen-transport.ts'
import {
  type AngenSocketServer,
  type AngenSocketServerOptions,
  createAngenSocketServer,
} from './socket-server.ts'

type Options = Pick<PortOptions, 'limits' | 'handle'> & Partial<AngenSocketServerOptions>

interface Served extends Transport {
  readonly port: number
  readonly sockets: AngenSocketServer
  dial(headers?: OutgoingHttpHeaders): Promise<Dialled>
}

interface Dialled {
  readonly socket: WebSocket
  readonly heard: string[]
  readonly closed: Promise<readonly [number, string]>
}

async function open(t: TestContext, { limits, handle, ...options }: Options = {}): Promise<Served> {
  const transport = openHub(limits, handle)
  const sockets = createAngenSocketServer({ hub: transport.hub, ...options })
  const server = createServer((_, response) => response.end())
  server.on('upgrade', (request, socket, head) => {
    if (!sockets.upgrade(request, socket, head)) socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const dialled: WebSocket[] = []
  t.after(() => {
    for (const socket of dialled) socket.terminate()
    server.close()
  })
  return {
    ...transport,
    port,
    sockets,
    async dial(headers = {}) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/angen?v=1`, { headers })
      dialled.push(socket)
      const heard: string[] = []
      socket.on('message', (data: Buffer, isBinary: boolean) => {
        assert.equal(isBinary, false)
        heard.push(data.toString())
      })
      const closed = new Promise<readonly [number, string]>((resolve) => {
        socket.on('close', (code, reason) => resolve([code, reason.toString()]))
      })
      await once(socket, 'open')
      socket.on('error', () => undefined)
      return { socket, heard, closed }
    },
  }
}

describe('Angen over WebSocket', () => {
  test('a frame is a message, or several lines; a message is a frame', async (t) => {
    const { dial, met } = await open(t)
    const { socket, heard } = await dial()
    socket.send('{"a":1}')
    socket.send('{"b":"é"}\r\n\n{"c":3}\n')
    socket.send('')
    socket.send('{"d":4}')
    await until(() => heard.length === 4)
    assert.deepEqual(heard, ['{"a":1}', '{"b":"é"}', '{"c":3}', '{"d":4}'])
    assert.equal(met[0]?.wire.transport, 'websocket')
    assert.equal(met[0]?.wire.address, '127.0.0.1')
  })

  test('frames that come while a message is handled wait, in their order', async (t) => {
    let under = 0
    const served = await open(t, {
      handle: async (text, wire) => {
        under += 1
        assert.equal(under, 1)
        await new Promise((resolve) => setTimeout(resolve, 2))
        under -= 1
        wire.send(text)
      },
    })
    const { socket, heard } = await served.dial()
    const sent = Array.from({ length: 50 }, (_, index) => String(index))
    for (const text of sent) socket.send(text)
    await until(() => heard.length === 50)
    assert.deepEqual(heard, sent)
  })

  test('what is no message closes with its code', async (t) => {
    const limits = {
      unauthenticatedLineBytes: 10,
      lineBytes: 100,
      messagesPerSecond: 1,
      messageBurst: 1,
      floodMs: 50,
    }
    const { dial, met } = await open(t, { limits })
    const binary = await dial()
    binary.socket.send(Buffer.from('{}'), { binary: true })
    assert.deepEqual(await binary.closed, [1003, 'text frames only'])
    const long = await dial()
    long.socket.send('x'.repeat(11))
    assert.deepEqual(await long.closed, [1009, 'too_large'])
    assert.deepEqual(long.heard, ['refused: too_large'])
    const longer = await dial()
    longer.socket.send('x'.repeat(101))
    assert.equal((await longer.closed)[0], 1009)
    const broken = await dial()
    broken.socket.send(Buffer.from([0xc3, 0x28]), { binary: false })
    assert.deepEqual(await broken.closed, [1007, 'not_utf8'])
    const flood = await dial()
    for (let count = 0; count < 5; count++) flood.socket.send('x')
    assert.deepEqual(await flood.closed, [4429, 'throttled'])
    await until(() => met.every(({ gone }) => gone))
  })

  test('the protocol closes with a code and a reason, after what it sent', async (t) => {
    const { dial } = await open(t, {
      handle(text, wire) {
        wire.send(text)
        wire.close(`session revoked ${'é'.repeat(100)}`, 4401)
        assert.equal(wire.send('more'), false)
      },
    })
    const { socket, heard, closed } = await dial()
    socket.send('bye')
    assert.deepEqual(await closed, [4401, `session revoked ${'é'.repeat(25)}`])
    assert.deepEqual(heard, ['bye'])
  })

  test('pings keep a connection that says nothing else', async (t) => {
    const { dial } = await open(t, { limits: { idleMs: 500 } })
    const silent = await dial()
    const pinging = await dial()
    const timer = setInterval(() => pinging.socket.ping(), 40)
    t.after(() => clearInterval(timer))
    assert.deepEqual(await silent.closed, [1001, 'idle'])
    assert.equal(pinging.socket.readyState, WebSocket.OPEN)
  })

  test('a flood of pings is a flood', async (t) => {
    const limits = { bytesPerSecond: 1_000, byteBurst: 1_000, floodMs: 100 }
    const { dial } = await open(t, { limits })
    const { socket, closed } = await dial()
    const timer = setInterval(() => {
      for (let count = 0; count < 20; count++) socket.ping('x'.repeat(100))
    }, 5)
    t.after(() => clearInterval(timer))
    assert.notEqual((await closed)[0], 1000)
  })

  test('a reader that is too slow is cut', async (t) => {
    const { dial, met } = await open(t, { limits: { bufferedBytes: 100_000, closeMs: 50 } })
    const { socket } = await dial()
    socket.pause()
    let sent = 0
    while (met[0]?.wire.send('x'.repeat(10_000)) === true) {
      sent += 1
      assert.ok(sent < 10_000, 'it was buffered without end')
      if (sent % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await until(() => met[0]?.gone === true)
  })

  test('the address is what trusted proxies say', async (t) => {
    const { dial, met } = await open(t, { trustedProxies: ['127.0.0.1'] })
    await dial({ 'x-forwarded-for': '198.51.100.1, 192.0.2.7' })
    assert.equal(met[0]?.wire.address, '192.0.2.7')
    const other = await open(t)
    await other.dial({ 'x-forwarded-for': '192.0.2.7' })
    assert.equal(other.met[0]?.wire.address, '127.0.0.1')
  })

  test('pages connect from this host and from listed origins only; hosts as they are served', async (t) => {
    const served = await open(t, { allowedOrigins: ['https://game.example'] })
    await served.dial({ origin: `http://127.0.0.1:${served.port}` })
    await served.dial({ origin: 'https://game.example' })
    for (const origin of [
      'https://evil.example',
      'null',
      `http://127.0.0.1:1`,
      'http://game.example',
    ]) {
      await assert.rejects(served.dial({ origin }), /403/, origin)
    }
    const any = await open(t, { allowedOrigins: ['*'] })
    await any.dial({ origin: 'https://anywhere.example' })
    const none = await open(t, { allowsHost: () => false })
    await assert.rejects(none.dial(), /403/)
    assert.equal(none.hub.counter.size, 0)
  })

  test('connections are counted with all others', async (t) => {
    const { dial, hub, met } = await open(t, { limits: { maxPerAddress: 1, exempt: [] } })
    const replaced = await dial()
    const { socket } = await dial()
    await until(() => replaced.socket.readyState === replaced.socket.CLOSED)
    met[1]?.wire.authenticated()
    await assert.rejects(dial(), /503/)
    socket.close()
    await until(() => hub.counter.size === 0)
    await dial()
  })

  test('closes: nobody new, and 1001 once what is under way is answered', async (t) => {
    let answer = () => {}
    const { dial, sockets, met } = await open(t, {
      handle: (text, wire) =>
        new Promise((resolve) => {
          answer = () => resolve(void wire.send(text))
        }),
    })
    const [busy, quiet] = [await dial(), await dial()]
    busy.socket.send('1')
    await until(() => met[0]?.heard.length === 1)
    sockets.close()
    assert.deepEqual(await quiet.closed, [1001, 'server_closing'])
    await assert.rejects(dial(), /503/)
    answer()
    assert.deepEqual(await busy.closed, [1001, 'server_closing'])
    assert.deepEqual(busy.heard, ['1'])
  })

  test('bytes that are no WebSocket end only themselves', async (t) => {
    const { port, dial, hub, errors } = await open(t)
    const neighbour = await dial()
    const head = 'GET /angen HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'
    const unmasked = Buffer.from([0x81, 0x01, 0x78])
    for (const bytes of [`${head}\r\n`, Buffer.concat([Buffer.from(head + key), unmasked])]) {
      const client = clientOf(connect({ port, host: '127.0.0.1' }))
      client.send(bytes)
      await client.closed
    }
    const gone = clientOf(connect({ port, host: '127.0.0.1' }))
    gone.send(head + key)
    await until(() => gone.text().includes('101'))
    gone.socket.resetAndDestroy()
    await until(() => hub.counter.size === 1)
    neighbour.socket.send('here')
    await until(() => neighbour.heard.length === 1)
    assert.deepEqual(errors, [])
  })
})
