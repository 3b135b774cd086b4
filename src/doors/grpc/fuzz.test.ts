import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import fc from 'fast-check'
import {
  type GrpcFixture,
  granted,
  openFixture,
  refused,
  TestClient,
  unlock,
} from '../../../test/support/grpc-door.ts'
import { until } from '../../../test/support/until.ts'
import { Agent, Sessions, serviceDefinition } from '../../protocol/grpc/index.ts'

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

async function fuzzed(
  t: TestContext,
): Promise<{ fixture: GrpcFixture; stillServes(): Promise<void> }> {
  const fixture = await openFixture(t)
  const { token } = await unlock(fixture, Agent, 'ada')
  const watching = await fixture.client.watch(token)
  t.after(async () => {
    watching.stream.cancel()
    await watching.ended
  })
  const stillServes = async () => {
    granted(await fixture.client.call(Sessions, 'whoAmI', {}, { token }))
    // The neighbour's stream is as it was.
    assert.equal(fixture.connections.size, 1)
  }
  return { fixture, stillServes }
}

test('bytes of any kind end their own connection at most', async (t) => {
  const { fixture, stillServes } = await fuzzed(t)
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 500 })
  await fc.assert(
    fc.asyncProperty(bytes, fc.boolean(), async (noise, preface) => {
      const socket = connect(fixture.port, '127.0.0.1')
      socket.on('error', () => undefined)
      await once(socket, 'connect')
      if (preface) socket.write(PREFACE)
      socket.write(noise, () => socket.resetAndDestroy())
      await once(socket, 'close')
    }),
    { numRuns: 200 },
  )
  await stillServes()
})

/** Calls a method with bytes that need be no message. */
function callRaw(client: Client, path: string, message: Buffer, metadata = new Metadata()) {
  return new Promise<ServiceError | null>((resolve) => {
    const same = (value: Buffer) => value
    client.makeUnaryRequest(path, same, same, message, metadata, (error) => resolve(error))
  })
}

test('bytes that are no message are refused with a code, by every method', async (t) => {
  const { fixture, stillServes } = await fuzzed(t)
  const { token } = await unlock(fixture, Agent, 'ada')
  const client = new Client(fixture.target, credentials.createInsecure())
  t.after(() => client.close())
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${token}`)
  const methods = [
    ...Object.values(serviceDefinition(Agent)),
    ...Object.values(serviceDefinition(Sessions)),
  ]
  const unary = methods.filter(({ responseStream }) => !responseStream)
  for (const { path } of unary) {
    // There is no field 0.
    const error = await callRaw(client, path, Buffer.of(0, 0), metadata)
    assert.equal(error?.metadata.get('latchkey-code')[0], 'invalid_request', path)
  }
  const paths = fc.constantFrom(...unary.map(({ path }) => path), '/x', '/latchkey.v1.Agent/No')
  await fc.assert(
    fc.asyncProperty(paths, fc.uint8Array({ maxLength: 200 }), async (path, noise) => {
      const error = await callRaw(client, path, Buffer.from(noise))
      assert.doesNotMatch(error?.details ?? '', /\bat .+\.(ts|js):\d+/)
    }),
    { numRuns: 300 },
  )
  assert.deepEqual(fixture.errors, [])
  await stillServes()
})

test('what is too large is refused, and no more', async (t) => {
  const { fixture, stillServes } = await fuzzed(t)
  const { token } = await unlock(fixture, Agent, 'ada')
  const stranger = new TestClient(fixture.target)
  t.after(() => stranger.close())
  const big = 'x'.repeat(70_000)
  const answer = await stranger.call(Agent, 'sessionUnlock', { identity: big })
  assert.equal(answer.ok ? '' : answer.status, 'RESOURCE_EXHAUSTED')
  const long = await stranger.call(Sessions, 'whoAmI', {}, { token: 'x'.repeat(10_000) })
  refused(long, 'token_invalid')
  const huge = await stranger.call(
    Sessions,
    'whoAmI',
    {},
    { token, metadata: { more: 'y'.repeat(200_000) }, deadline: Date.now() + 2000 },
  )
  assert.equal(huge.ok, false)
  await stillServes()
})

test('text that is no text, in names and messages, is a refusal', async (t) => {
  const { fixture, stillServes } = await fuzzed(t)
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), fc.string(), async (name, params) => {
      const answer = await fixture.client.call(Sessions, 'command', { name, params })
      assert.ok(!answer.ok)
      assert.ok(['not_found', 'invalid_request'].includes(answer.code ?? ''), answer.details)
    }),
    { numRuns: 200 },
  )
  await stillServes()
})

test('streams that are begun and dropped by the thousand leave nothing behind', async (t) => {
  const { fixture, stillServes } = await fuzzed(t)
  const { token } = await unlock(fixture, Agent, 'ada')
  const session = connectHttp2(`http://${fixture.target}`)
  session.on('error', () => undefined)
  for (let at = 0; at < 1000; at++) {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/latchkey.v1.Sessions/Watch',
      'content-type': 'application/grpc',
      authorization: `Bearer ${token}`,
    })
    stream.on('error', () => undefined)
    stream.end(Buffer.alloc(5))
    stream.close()
  }
  session.destroy()
  await until(() => fixture.connections.size <= 1)
  await stillServes()
})
