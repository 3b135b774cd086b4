import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { credentials } from '@grpc/grpc-js'
import { createCertificate, createTls } from '../../test/support/certificate.ts'
import {
  createHouse,
  granted,
  openHouse,
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
  const house = await openHouse(t, { tls })
  const good = new TestClient(
    `localhost:${house.port}`,
    credentials.createSsl(Buffer.from(tls.cert)),
  )
  t.after(() => good.close())
  const client = { ...house, client: good }
  const { token } = await unlock(client, Agent, 'ada')
  const { value } = granted(await good.call(Sessions, 'whoAmI', {}, { token }))
  const listed = await house.authority.listSessions({})
  assert.equal(listed.items[0]?.client.address, '127.0.0.1')
  assert.equal(value.actor?.name, 'ada')
  const other = createCertificate()
  for (const creds of [
    credentials.createSsl(Buffer.from(other.cert)),
    credentials.createInsecure(),
  ]) {
    const bad = new TestClient(`localhost:${house.port}`, creds)
    const answer = await bad.call(Agent, 'agentStatus', {}, { deadline: Date.now() + 3000 })
    assert.ok(!answer.ok)
    bad.close()
  }
})

test('another certificate serves connections to come, and open ones go on', async (t) => {
  const tls = createTls()
  const house = await openHouse(t, { tls })
  const client = new TestClient(
    `localhost:${house.port}`,
    credentials.createSsl(Buffer.from(tls.cert)),
  )
  t.after(() => client.close())
  const { token } = await unlock({ ...house, client }, Agent, 'ada')
  const watching = await client.watch(token)
  const { cert } = tls
  const before = await shownBy(house.port, cert)
  const next = createCertificate()
  tls.replace(next)
  assert.notEqual(await shownBy(house.port, next.cert), before)
  granted(await client.call(Sessions, 'whoAmI', {}, { token }))
  tls.replace({ cert: 'none', key: next.key })
  assert.notEqual(await shownBy(house.port, next.cert), before)
  assert.equal(house.errors.splice(0).length, 1)
  watching.stream.cancel()
  await watching.ended
})

test('an address that is taken says so as the system does', async (t) => {
  const house = await openHouse(t)
  const second = await createHouse()
  t.after(() => second.close())
  const again = createGrpcListener({
    door: second.door,
    address: { host: '127.0.0.1', port: house.port, named: true },
    tls: null,
    maxConnections: 1,
    onError: () => undefined,
  })
  await assert.rejects(again.listen(), { code: 'EADDRINUSE' })
})

test('no more connections are open than may be', async (t) => {
  const house = await openHouse(t, { maxConnections: 2 })
  const sockets = [1, 2, 3].map(() => connect(house.port, '127.0.0.1'))
  const closed = sockets.map((socket) => once(socket.resume(), 'close'))
  await Promise.race(closed)
  await house.client.call(Agent, 'agentStatus', {}, { deadline: Date.now() + 200 })
  assert.equal(sockets.filter((socket) => !socket.destroyed).length, 2)
  for (const socket of sockets) socket.destroy()
})
