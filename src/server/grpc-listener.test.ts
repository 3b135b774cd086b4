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
    maxConnections: 1,
    onError: () => undefined,
  })
  await assert.rejects(again.listen(), { code: 'EADDRINUSE' })
})

test('the number of open connections is limited', async (t) => {
  const fixture = await openFixture(t, { maxConnections: 2 })
  const sockets = [1, 2, 3].map(() => connect(fixture.port, '127.0.0.1'))
  const closed = sockets.map((socket) => once(socket.resume(), 'close'))
  await Promise.race(closed)
  await fixture.client.call(Agent, 'agentStatus', {}, { deadline: Date.now() + 200 })
  assert.equal(sockets.filter((socket) => !socket.destroyed).length, 2)
  for (const socket of sockets) socket.destroy()
})
