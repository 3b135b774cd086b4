import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect as connectPlain, type Socket } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import {
  type Client,
  clientOf,
  dial,
  openPort,
  until,
} from '../../../../test/support/angen-transport.ts'
import { makeAuthority, makeCertificate } from '../../../server/tls/self-made.ts'
import type { TlsSource } from './listener.ts'

const authority = await makeAuthority(Date.now())
const pairs = [
  await makeCertificate(authority, Date.now()),
  await makeCertificate(authority, Date.now()),
]

/** Certificates that a test can change. */
function source(): TlsSource & { change(): void } {
  const listeners = new Set<() => void>()
  let index = 0
  return {
    get cert() {
      return pairs[index]?.cert ?? ''
    },
    get key() {
      return pairs[index]?.key ?? ''
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    change() {
      index = 1
      for (const listener of listeners) listener()
    },
  }
}

async function dialTls(
  t: TestContext,
  to: number | Socket,
  options: ConnectionOptions = {},
): Promise<Client<TLSSocket>> {
  const way = typeof to === 'number' ? { port: to, host: '127.0.0.1' } : { socket: to }
  const socket = connect({ ca: authority.cert, servername: 'localhost', ...way, ...options })
  t.after(() => socket.destroy())
  await once(socket, 'secureConnect')
  return clientOf(socket)
}

const serialOf = ({ socket }: Client<TLSSocket>) => socket.getPeerCertificate().serialNumber

describe('a TLS listener', () => {
  test('serves a client that trusts its authority, under each of its names', async (t) => {
    const { port, met } = await openPort(t, { tls: source() })
    for (const name of ['localhost', '127.0.0.1', '::1']) {
      const { cert = '' } = pairs[0] ?? {}
      const certificate = new X509Certificate(cert)
      const fits = name === 'localhost' ? certificate.checkHost(name) : certificate.checkIP(name)
      assert.equal(fits, name)
    }
    const client = await dialTls(t, port)
    client.send('{"a":')
    client.send('1}\n{"b":2}\n')
    await client.until('{"a":1}\n{"b":2}\n')
    assert.equal(met[0]?.wire.transport, 'tls')
    assert.equal(met[0]?.wire.address, '127.0.0.1')
    client.socket.end('{"last":1}')
    assert.match(await client.closed, /\{"last":1\}\n$/)
    await assert.rejects(dialTls(t, port, { ca: [] }), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' })
  })

  test('answers what was asked before the client stopped sending, and closes', async (t) => {
    const { port } = await openPort(t, {
      tls: source(),
      handle: (text, wire) =>
        new Promise((resolve) => {
          setTimeout(() => resolve(void wire.send(text)), 20)
        }),
    })
    const client = await dialTls(t, port)
    client.socket.allowHalfOpen = true
    client.socket.end('{"a":1}\n{"b":2}')
    assert.equal(await client.closed, '{"a":1}\n{"b":2}\n')
  })

  test('speaks nothing older than TLS 1.2', async (t) => {
    const { port } = await openPort(t, { tls: source() })
    const old = { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' } as const
    await assert.rejects(dialTls(t, port, old))
    const client = await dialTls(t, port, { maxVersion: 'TLSv1.2' })
    assert.equal(client.socket.getProtocol(), 'TLSv1.2')
  })

  test('bytes that are no TLS, and handshakes that stop, end only themselves', async (t) => {
    const { port, hub, errors } = await openPort(t, { tls: source(), limits: { handshakeMs: 100 } })
    const neighbour = await dialTls(t, port)
    const wrong = await dial(t, port)
    wrong.send('{"name":"system/ping"}\n')
    const silent = await dial(t, port)
    const half = await dial(t, port)
    half.send(Uint8Array.of(0x16, 0x03, 0x01, 0x02))
    const ended = await dial(t, port)
    ended.socket.end()
    const reset = await dial(t, port)
    reset.socket.resetAndDestroy()
    await Promise.all([wrong, silent, half, ended].map(({ closed }) => closed))
    await until(() => hub.counter.size === 1)
    neighbour.send('here\n')
    await neighbour.until('here\n')
    assert.deepEqual(errors, [])
  })

  test('handshakes count as unauthenticated connections', async (t) => {
    const { port, hub } = await openPort(t, { tls: source(), limits: { maxUnauthenticated: 1 } })
    const silent = await dial(t, port)
    await until(() => hub.counter.size === 1)
    assert.equal(await (await dial(t, port)).closed, '')
    silent.socket.destroy()
    await until(() => hub.counter.size === 0)
    const client = await dialTls(t, port)
    client.send('x\n')
    await client.until('x\n')
  })

  test('a new certificate is for new connections; old ones stay', async (t) => {
    const tls = source()
    const { port } = await openPort(t, { tls })
    const before = await dialTls(t, port)
    tls.change()
    const after = await dialTls(t, port)
    assert.notEqual(serialOf(before), serialOf(after))
    before.send('still here\n')
    await before.until('still here\n')
  })

  test('a PROXY header comes before the handshake, in one packet with it or apart', async (t) => {
    const { port, met } = await openPort(t, { tls: source(), proxies: ['127.0.0.1'] })
    const header = 'PROXY TCP4 192.0.2.7 127.0.0.1 1 2\r\n'
    const apart = connectPlain({ port, host: '127.0.0.1' })
    apart.write(header)
    await new Promise((resolve) => setTimeout(resolve, 30))
    const one = await dialTls(t, apart)
    one.send('1\n')
    await one.until('1\n')
    // Corked, so that the header leaves with the first bytes of the handshake.
    const together = connectPlain({ port, host: '127.0.0.1' })
    await once(together, 'connect')
    together.cork()
    together.write(header)
    setImmediate(() => together.uncork())
    const two = await dialTls(t, together)
    two.send('2\n')
    await two.until('2\n')
    assert.deepEqual(
      met.map(({ wire }) => wire.address),
      ['192.0.2.7', '192.0.2.7'],
    )
  })

  test('drains: answers what is under way, and closes', async (t) => {
    let answer = () => {}
    const { port, drain, met } = await openPort(t, {
      tls: source(),
      handle: (text, wire) =>
        new Promise((resolve) => {
          answer = () => resolve(void wire.send(text))
        }),
    })
    const client = await dialTls(t, port)
    client.send('1\n')
    await until(() => met[0]?.heard.length === 1)
    const drained = drain(new AbortController().signal)
    setImmediate(() => answer())
    assert.equal(await client.closed, '1\n')
    await drained
  })
})
