import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, type TestContext, test } from 'node:test'
import {
  type CallOptions,
  Client,
  type ClientOptions,
  credentials,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import { runChild } from '../../../test/support/client/child.ts'
import { clientFolder } from '../../../test/support/client/folder.ts'
import type { LatchkeyError } from '../../core/errors.ts'
import {
  ErrorClientInsecureChannel,
  ErrorClientJWTTokenNotProvided,
  ErrorSessionTokenInvalid,
} from '../errors.ts'
import { Session } from '../session/session.ts'
import { withSession } from './with-session.ts'

const asText = { serialize: (text: string) => Buffer.from(text), deserialize: String }
const CALL: MethodDefinition<string, string> = {
  path: '/test.Agent/Call',
  requestStream: false,
  responseStream: false,
  requestSerialize: asText.serialize,
  requestDeserialize: asText.deserialize,
  responseSerialize: asText.serialize,
  responseDeserialize: asText.deserialize,
}
const STREAM = { ...CALL, path: '/test.Agent/Stream', responseStream: true as const }

interface Agent {
  readonly address: string
  /** What comes with the next answers. */
  refreshed: string | null
  refusal: { code: status; trailers: Record<string, string> } | null
}

/** A server that answers with the header it got. */
async function agent(t: TestContext): Promise<Agent> {
  const server = new Server()
  const state: { -readonly [K in keyof Agent]: Agent[K] } = {
    address: '',
    refreshed: null,
    refusal: null,
  }
  const leading = () => {
    const metadata = new Metadata()
    if (state.refreshed !== null) metadata.set('authorization', `Bearer ${state.refreshed}`)
    return metadata
  }
  server.addService(
    { call: CALL, stream: STREAM },
    {
      call(call: ServerUnaryCall<string, string>, answer: sendUnaryData<string>) {
        if (state.refusal !== null) {
          const trailers = new Metadata()
          for (const [key, value] of Object.entries(state.refusal.trailers))
            trailers.set(key, value)
          answer({ code: state.refusal.code, details: 'refused', metadata: trailers })
          return
        }
        call.sendMetadata(leading())
        answer(null, String(call.metadata.get('authorization')[0] ?? 'none'))
      },
      stream(call: ServerWritableStream<string, string>) {
        call.sendMetadata(leading())
        call.write('one')
        call.write('two')
        call.end()
      },
    },
  )
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  )
  t.after(() => server.forceShutdown())
  state.address = `127.0.0.1:${port}`
  return state
}

function clientOf(t: TestContext, address: string, options: ClientOptions = {}) {
  const client = new Client(address, credentials.createInsecure(), options)
  t.after(() => client.close())
  const call = (options: CallOptions = {}, metadata = new Metadata()) =>
    new Promise<string>((resolve, reject) => {
      const { path, requestSerialize, responseDeserialize } = CALL
      const done = (error: ServiceError | null, text?: string) =>
        error === null ? resolve(text ?? '') : reject(error)
      const args = [path, requestSerialize, responseDeserialize, 'hello'] as const
      client.makeUnaryRequest(...args, metadata, options, done)
    })
  return { client, call }
}

async function sessionWith(t: TestContext, token?: string) {
  const warnings: string[] = []
  const logger = { warn: (message: string) => void warnings.push(message) }
  const session = new Session({ clientPath: clientFolder(t), logger, lockTimeoutMs: 100 })
  await session.start(token === undefined ? {} : { token })
  return { session, warnings }
}

const causeOf = (error: unknown) => (error as ServiceError).cause as LatchkeyError

describe('the credentials of a session', () => {
  test('are sent with a call that is given them', async (t) => {
    const { address } = await agent(t)
    const { session } = await sessionWith(t, 'abc')
    const { call } = clientOf(t, address)
    assert.equal(await call(await session.createCallCredentials()), 'Bearer abc')
    const none = await sessionWith(t)
    assert.equal(await call(await none.session.createCallCredentials()), 'none')
  })

  test('come from a generator that needs no this, for a channel', async (t) => {
    const { session } = await sessionWith(t, 'abc')
    const { sessionMetadataGenerator } = session
    const channel = credentials.combineChannelCredentials(
      credentials.createSsl(),
      credentials.createFromMetadataGenerator(sessionMetadataGenerator),
    )
    assert.equal(channel._isSecure(), true)
    const metadata = await new Promise<Metadata | undefined>((resolve, reject) =>
      sessionMetadataGenerator({}, (error, given) => (error ? reject(error) : resolve(given))),
    )
    assert.deepEqual(metadata?.get('authorization'), ['Bearer abc'])
  })

  test('may be written the old way', async (t) => {
    const { address } = await agent(t)
    const session = new Session({ clientPath: clientFolder(t), scheme: 'Bearer:' })
    await session.start({ token: 'abc' })
    const { call } = clientOf(t, address)
    assert.equal(await call(await session.createCallCredentials()), 'Bearer: abc')
  })
})

describe('withSession', () => {
  test('sends the token, and has the refreshed one in the file before the answer', async (t) => {
    const server = await agent(t)
    const { session } = await sessionWith(t, 'first')
    const { call } = clientOf(t, server.address, { interceptors: [withSession(session)] })
    server.refreshed = 'second'
    assert.equal(await call(), 'Bearer first')
    assert.equal(readFileSync(session.sessionFile, 'utf8'), 'second')
    assert.equal(await call(), 'Bearer second')
  })

  test('refreshes at a stream before its first item', async (t) => {
    const server = await agent(t)
    const { session } = await sessionWith(t, 'first')
    server.refreshed = 'second'
    const { client } = clientOf(t, server.address, { interceptors: [withSession(session)] })
    const { path, requestSerialize, responseDeserialize } = STREAM
    const got: string[] = []
    const args = [path, requestSerialize, responseDeserialize, 'hello'] as const
    for await (const item of client.makeServerStreamRequest(...args)) {
      assert.equal(readFileSync(session.sessionFile, 'utf8'), 'second')
      got.push(item)
    }
    assert.deepEqual(got, ['one', 'two'])
  })

  test('brings back nothing that was locked while the call was under way', async (t) => {
    const server = await agent(t)
    const { session } = await sessionWith(t, 'first')
    server.refreshed = 'second'
    const { call } = clientOf(t, server.address, { interceptors: [withSession(session)] })
    const answer = call()
    await new Session({ clientPath: session.clientPath }).destroy()
    await answer
    assert.equal(existsSync(session.sessionFile), false)
    assert.equal(await call(), 'none')
  })

  test('leaves the header of a caller alone, and keeps nothing of the answer', async (t) => {
    const server = await agent(t)
    const { session } = await sessionWith(t, 'first')
    server.refreshed = 'second'
    const { call } = clientOf(t, server.address, { interceptors: [withSession(session)] })
    const own = new Metadata()
    own.set('authorization', 'Bearer mine')
    assert.equal(await call({}, own), 'Bearer mine')
    assert.equal(readFileSync(session.sessionFile, 'utf8'), 'first')
  })

  test('a refreshed token that cannot be written, or is none, fails no call', async (t) => {
    const server = await agent(t)
    const { session, warnings } = await sessionWith(t, 'first')
    const holder = runChild(t, 'locking-child.ts', `${session.clientPath}/token.lock`)
    await holder.says('locked')
    const { call } = clientOf(t, server.address, { interceptors: [withSession(session)] })
    server.refreshed = 'second'
    assert.equal(await call(), 'Bearer first')
    assert.equal(warnings.length, 1)
    assert.match(warnings[0] ?? '', /not kept: Another process/)
    assert.doesNotMatch(warnings.join(), /first|second/)
    server.refreshed = 'a'.repeat(5000)
    assert.equal(await call(), 'Bearer first')
  })

  test('gives the error of a call its class, code and details as the cause', async (t) => {
    const server = await agent(t)
    const { session } = await sessionWith(t)
    const { call } = clientOf(t, server.address, { interceptors: [withSession(session)] })
    const refusedWith = async (code: status, trailers: Record<string, string>) => {
      server.refusal = { code, trailers }
      return causeOf(await call().then(assert.fail, (error: unknown) => error))
    }
    const missing = await refusedWith(status.UNAUTHENTICATED, {
      name: 'ErrorClientJWTTokenNotProvided',
      message: 'JWT Token not provided in metadata',
      'latchkey-code': 'token_missing',
    })
    assert.ok(missing instanceof ErrorClientJWTTokenNotProvided)
    assert.equal(missing.message, 'JWT Token not provided in metadata')
    assert.equal(missing.exitCode, 77)
    const dead = await refusedWith(status.UNAUTHENTICATED, {
      name: 'ErrorSessionTokenInvalid',
      message: 'Invalid JWT Token, please reauthenticate.',
      'latchkey-code': 'session_revoked',
      reason: 'locked',
    })
    assert.ok(dead instanceof ErrorSessionTokenInvalid)
    assert.equal(dead.code, 'session_revoked')
    assert.equal(dead.details.reason, 'locked')
    assert.equal(dead.exitCode, 65)
    const throttled = await refusedWith(status.RESOURCE_EXHAUSTED, {
      name: 'constructor',
      'latchkey-code': 'throttled',
      'retry-after-ms': '1500',
    })
    assert.equal(throttled.code, 'throttled')
    assert.equal(throttled.details.retryAfterMs, 1500)
    assert.equal((await refusedWith(status.DATA_LOSS, {})).code, 'internal')
  })

  test('cancelling before the token is read ends the call', async (t) => {
    const { address } = await agent(t)
    const { session } = await sessionWith(t, 'abc')
    const { client } = clientOf(t, address, { interceptors: [withSession(session)] })
    const { path, requestSerialize, responseDeserialize } = CALL
    const code = await new Promise((resolve) => {
      client
        .makeUnaryRequest(path, requestSerialize, responseDeserialize, 'x', (error) =>
          resolve(error?.code),
        )
        .cancel()
    })
    assert.equal(code, status.CANCELLED)
  })

  for (const target of [
    '192.0.2.1:1',
    'dns:agent.invalid:1',
    'ipv4:192.0.2.1:1',
    '[2001:db8::1]:1',
  ]) {
    test(`sends no token in clear to ${target}`, async (t) => {
      const { session } = await sessionWith(t, 'abc')
      const { call } = clientOf(t, target, { interceptors: [withSession(session)] })
      const error = await call().then(assert.fail, (error: unknown) => error)
      assert.ok(causeOf(error) instanceof ErrorClientInsecureChannel)
      const own = new Metadata()
      own.set('authorization', 'Bearer mine')
      await assert.rejects(call({}, own), { code: status.FAILED_PRECONDITION })
    })
  }

  test('sends it over TLS if it has the credentials of the channel', async (t) => {
    const { session } = await sessionWith(t, 'abc')
    const channel = credentials.createSsl()
    const interceptors = [withSession(session, { credentials: channel })]
    const client = new Client('192.0.2.1:1', channel, { interceptors })
    t.after(() => client.close())
    const { path, requestSerialize, responseDeserialize } = CALL
    const error = await new Promise<ServiceError | null>((resolve) =>
      client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        'x',
        new Metadata(),
        { deadline: Date.now() + 200 },
        resolve,
      ),
    )
    assert.notEqual(error?.code, status.FAILED_PRECONDITION)
  })
})
