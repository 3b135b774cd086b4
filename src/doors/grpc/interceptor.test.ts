import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  Client,
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
} from '@grpc/grpc-js'
import { until } from '../../../test/support/until.ts'
import { createConnections } from '../../connections/index.ts'
import { createAuthority } from '../../core/index.ts'
import { jwtCodec } from '../../core/token/jwt-codec.ts'
import { memory } from '../../stores/memory/index.ts'
import { fakeClock } from '../../testing/fake-clock.ts'
import { type SessionInterceptorOptions, sessionInterceptor, sessionOf } from './interceptor.ts'

const bytes = {
  requestSerialize: (value: Buffer) => value,
  requestDeserialize: (value: Buffer) => value,
  responseSerialize: (value: Buffer) => value,
  responseDeserialize: (value: Buffer) => value,
}
const PATH = '/test.Own'
const OWN = {
  who: { ...bytes, path: `${PATH}/Who`, requestStream: false, responseStream: false },
  count: { ...bytes, path: `${PATH}/Count`, requestStream: false, responseStream: true },
  echo: { ...bytes, path: `${PATH}/Echo`, requestStream: true, responseStream: true },
}

/** Somebody's own server, of which every call passes the interceptor. */
async function openOwn(t: TestContext, options: SessionInterceptorOptions = {}) {
  const clock = fakeClock()
  const authority = await createAuthority({
    store: memory({ clock }),
    codecs: [jwtCodec()],
    pruneEveryMs: 0,
  })
  const connections = createConnections({ authority })
  const server = new Server({
    interceptors: [sessionInterceptor(authority, { connections, ...options })],
  })
  let handled = 0
  server.addService(OWN, {
    who(call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) {
      handled++
      answer(null, Buffer.from(sessionOf(call)?.actor.id ?? 'nobody'))
    },
    count(call: ServerWritableStream<Buffer, Buffer>) {
      handled++
      const tick = () => void call.write(call.request)
      const timer = setInterval(tick, 1)
      // In the very turn in which the session ends, after its streams have been ended.
      const stop = authority.onChange(tick)
      call.on('cancelled', () => {
        clearInterval(timer)
        stop()
      })
    },
    echo(call: ServerDuplexStream<Buffer, Buffer>) {
      handled++
      call.on('data', (data: Buffer) => call.write(data))
      call.on('end', () => call.end())
    },
  })
  const port = await new Promise<number>((resolve, reject) => {
    const creds = ServerCredentials.createInsecure()
    server.bindAsync('127.0.0.1:0', creds, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure())
  const { actor } = await authority.actors.import({ name: 'ada' }).then((made) => {
    assert.ok(made.ok)
    return made
  })
  const begun = await authority.sessions.loginAs(actor.id, { profile: 'agent', format: 'jwt' })
  assert.ok(begun.ok)
  t.after(async () => {
    client.close()
    server.forceShutdown()
    await connections.close()
    await authority.close()
  })
  const metadata = new Metadata()
  metadata.set('authorization', `Bearer ${begun.token}`)
  return { authority, clock, connections, client, metadata, begun, actor, handled: () => handled }
}

type Own = Awaited<ReturnType<typeof openOwn>>

function who({ client }: Own, metadata: Metadata) {
  let next: string | undefined
  return new Promise<{ text: string; next: string | undefined } | ServiceError>((resolve) => {
    client
      .makeUnaryRequest(
        OWN.who.path,
        OWN.who.requestSerialize,
        OWN.who.responseDeserialize,
        Buffer.from('?'),
        metadata,
        (error, value) => resolve(error ?? { text: String(value), next }),
      )
      .on('metadata', (leading: Metadata) => {
        next = leading.get('authorization')[0]?.toString()
      })
  })
}

/** How a stream ended: the trailers. */
function endOf(stream: NodeJS.EventEmitter): Promise<ServiceError> {
  return new Promise((resolve) => stream.once('error', resolve))
}

const codeOf = (error: unknown) => (error as ServiceError).metadata.get('latchkey-code')[0]

test('a handler of one’s own finds the session; without one it never runs', async (t) => {
  const own = await openOwn(t)
  assert.deepEqual(await who(own, own.metadata), { text: own.actor.id, next: undefined })
  assert.equal(codeOf(await who(own, new Metadata())), 'token_missing')
  const wrong = new Metadata()
  wrong.set('authorization', 'Bearer nonsense')
  assert.equal(codeOf(await who(own, wrong)), 'token_invalid')
  assert.equal(own.handled(), 1)
})

test('if anyone may call, the handler receives no session', async (t) => {
  const own = await openOwn(t, { session: (path) => (path.endsWith('Who') ? 'optional' : 'none') })
  const wrong = new Metadata()
  wrong.set('authorization', 'Bearer nonsense')
  for (const [metadata, text] of [
    [new Metadata(), 'nobody'],
    [wrong, 'nobody'],
    [own.metadata, own.actor.id],
  ] as const) {
    assert.deepEqual(await who(own, metadata), { text, next: undefined })
  }
})

test('the next token goes with the answer when it is due', async (t) => {
  const own = await openOwn(t)
  own.clock.advance(6 * 60_000)
  const answer = await who(own, own.metadata)
  assert.ok('next' in answer)
  const token = answer.next?.replace('Bearer ', '')
  assert.notEqual(token, own.begun.token)
  assert.ok((await own.authority.authenticate(token)).ok)
})

test('streams either way end with their session, and their handlers may write on', async (t) => {
  const own = await openOwn(t)
  const { authority, client, metadata, begun, connections } = own
  const counting = client.makeServerStreamRequest(
    OWN.count.path,
    OWN.count.requestSerialize,
    OWN.count.responseDeserialize,
    Buffer.from('?'),
    metadata,
  )
  const echoing = client.makeBidiStreamRequest(
    OWN.echo.path,
    OWN.echo.requestSerialize,
    OWN.echo.responseDeserialize,
    metadata,
  )
  const ends = [endOf(counting), endOf(echoing)]
  counting.resume()
  echoing.write(Buffer.from('hello'))
  await new Promise((resolve) => echoing.once('data', resolve))
  assert.equal(connections.size, 2)
  await authority.sessions.end({ id: begun.session.id })
  for (const error of await Promise.all(ends)) {
    assert.equal(codeOf(error), 'session_revoked')
    assert.deepEqual(error.metadata.get('reason'), ['revoked'])
  }
  await until(() => connections.size === 0)
})

test('a stream ends with its session though much is unsent, and its handler writes on', async (t) => {
  const { authority, client, metadata, begun, connections } = await openOwn(t)
  const counting = client.makeServerStreamRequest(
    OWN.count.path,
    OWN.count.requestSerialize,
    OWN.count.responseDeserialize,
    // More than a client takes before it reads.
    Buffer.alloc(200_000),
    metadata,
  )
  const end = endOf(counting)
  await new Promise((resolve) => counting.once('metadata', resolve))
  await authority.sessions.end({ id: begun.session.id })
  await sleep(20)
  counting.resume()
  assert.equal(codeOf(await end), 'session_revoked')
  await until(() => connections.size <= 0)
})

test('a stream that takes no events leaves them to one that does', async (t) => {
  const own = await openOwn(t)
  const { client, metadata, connections, actor, authority, begun } = own
  await connections.send(actor.id, { name: 'first' })
  const echoing = client.makeBidiStreamRequest(
    OWN.echo.path,
    OWN.echo.requestSerialize,
    OWN.echo.responseDeserialize,
    metadata,
  )
  echoing.on('error', () => undefined)
  echoing.write(Buffer.from('hello'))
  await new Promise((resolve) => echoing.once('data', resolve))
  await connections.send(actor.id, { name: 'second' })
  const current = await authority.authenticate(begun.token)
  assert.ok(current.ok)
  const heard: string[] = []
  const send = ({ name }: { readonly name: string }) => void heard.push(name)
  connections.open(current, { door: 'test', send, close: () => undefined })
  await connections.send(actor.id, { name: 'third' })
  assert.deepEqual(heard, ['first', 'second', 'third'])
  assert.equal(connections.size, 2)
  echoing.cancel()
  await until(() => connections.size <= 1)
})
