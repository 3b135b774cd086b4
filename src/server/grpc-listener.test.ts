import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { credentials } from '@grpc/grpc-js'
import { createCertificate, createTls } from '../../test/support/certificate.ts'
import {
  createFixture,
  granted,
  openFixture,
  TestClient,
  unlock,
} from '../../test/support/grpc-door.ts'
import { Agent, Sessions } from '../protocol/grpc/index.ts'
import { createGrpcListener } from './grpc-listener.ts'

/** The certificate that a new connection is shown. */
async function shownBy(port: number, ca: string): Promise<string> {
  const socket = connectTls({ port, host: '127.0.0.1', ca, ALPNProtocols: ['h2'] })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerX509Certificate() ?? { fingerprint256: '' }
  socket.destroy()
  return fingerprint256
}

test('over TLS a client that trusts the certificate is served, and no other', async (t) => {
  const tls = createTls()
  const fixture = await openFixture(t, { tls })
  const good = new TestClient(
    `localhost:${fixture.port}`,
    credentials.createSsl(Buffer.from(tls.cert)),
  )
  t.after(() => good.close())
  const client = { ...fixture, client: good }
  const { token } = await unlock(client, Agent, 'ada')
  const { value } = granted(await good.call(Sessions, 'whoAmI', {}, { token }))
  const listed = await fixture.authority.sessions.list({})
  assert.equal(listed.items[0]?.client.address, '127.0.0.1')
  assert.equal(value.actor?.name, 'ada')
  const other = createCertificate()
  for (const creds of [
    credentials.createSsl(Buffer.from(other.cert)),
    credentials.createInsecure(),
  ]) {
    const bad = new TestClient(`localhost:${fixture.port}`, creds)
    const answer = await bad.call(Agent, 'agentStatus', {}, { deadline: Date.now() + 3000 })
    assert.ok(!answer.ok)
    bad.close()
  }
})

test('a changed certificate is used for new connections, and open ones stay', async (t) => {
  const tls = createTls()
  const fixture = await openFixture(t, { tls })
  const client = new TestClient(
    `localhost:${fixture.port}`,
    credentials.createSsl(Buffer.from(tls.cert)),
  )
  t.after(() => client.close())
  const { token } = await unlock({ ...fixture, client }, Agent, 'ada')
  const watching = await client.watch(token)
  const { cert } = tls
  const before = await shownBy(fixture.port, cert)
  const next = createCertificate()
  tls.replace(next)
  assert.notEqual(await shownBy(fixture.port, next.cert), before)
  granted(await client.call(Sessions, 'whoAmI', {}, { token }))
  tls.replace({ cert: 'none', key: next.key })
  assert.notEqual(await shownBy(fixture.port, next.cert), before)
  assert.equal(fixture.errors.splice(0).length, 1)
  watching.stream.cancel()
  await watching.ended
})

test('a taken address rejects with the error of the system', async (t) => {
  const fixture = await openFixture(t)
  const second = await createFixture()
  t.after(() => second.close())
  const again = createGrpcListener({
    door: second.door,
    address: { host: '127.0.0.1', port: fixture.port, named: true },
    tls: null,
    limits: { maxConnections: 1 },
    authenticateMs: 60_000,
    onError: () => undefined,
  })
  await assert.rejects(again.listen(), { code: 'EADDRINUSE' })
})

test('silent connections hold no place that a client needs', async (t) => {
  const fixture = await openFixture(t, { maxConnections: 2 })
  const sockets = [1, 2, 3].map(() => connect(fixture.port, '127.0.0.1'))
  t.after(() => sockets.map((socket) => socket.destroy()))
  const closed = sockets.map((socket) => once(socket.resume(), 'close'))
  await Promise.race(closed)
  const { token } = await unlock(fixture, Agent, 'ada')
  granted(await fixture.client.call(Sessions, 'whoAmI', {}, { token }))
  // The client is authenticated now, and keeps its place.
  const more = [1, 2, 3].map(() => connect(fixture.port, '127.0.0.1').resume())
  t.after(() => more.map((socket) => socket.destroy()))
  await Promise.all(more.slice(0, 2).map((socket) => once(socket, 'close')))
  granted(await fixture.client.call(Sessions, 'whoAmI', {}, { token }))
})

test('a connection that does not authenticate in time is closed, over TLS too', async (t) => {
  for (const tls of [undefined, createTls()]) {
    const fixture = await openFixture(t, {
      authenticateMs: 200,
      ...(tls === undefined ? {} : { tls }),
    })
    const silent = connect(fixture.port, '127.0.0.1')
    const closed = once(silent.resume(), 'close')
    if (tls !== undefined) {
      const secure = connectTls({ port: fixture.port, ca: tls.cert, ALPNProtocols: ['h2'] })
      secure.on('error', () => undefined)
      await once(secure.resume(), 'close')
    }
    await closed
  }
})

test('a connection with a valid session stays', async (t) => {
  const fixture = await openFixture(t, { authenticateMs: 100 })
  const { token } = await unlock(fixture, Agent, 'ada')
  const { stream, ended } = await fixture.client.watch(token)
  const silent = connect(fixture.port, '127.0.0.1')
  await once(silent.resume(), 'close')
  granted(await fixture.client.call(Sessions, 'whoAmI', {}, { token }))
  stream.cancel()
  await ended
})
