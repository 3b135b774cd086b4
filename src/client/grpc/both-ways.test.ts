import assert from 'node:assert/strict'
import fs, { readFileSync } from 'node:fs'
import { describe, type TestContext, test } from 'node:test'
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import { createTls } from '../../../test/support/certificate.ts'
import { clientFolder } from '../../../test/support/client/folder.ts'
import { openFixture, PASSWORD } from '../../../test/support/grpc-door.ts'
import { Sessions, serviceDefinition } from '../../protocol/grpc/index.ts'
import {
  ErrorClientInsecureChannel,
  ErrorClientJWTTokenNotProvided,
  ErrorSessionTokenInvalid,
  openAgent,
  Session,
  withSession,
} from '../index.ts'

const unlocking = { passwordOrFile: { case: 'password', value: PASSWORD } } as const
const missing = (error: unknown) =>
  error instanceof ErrorClientJWTTokenNotProvided &&
  error.exitCode === 77 &&
  error.description === 'JWT Token not provided in metadata' &&
  error.message === error.description
const invalid = (error: unknown) =>
  error instanceof ErrorSessionTokenInvalid &&
  error.exitCode === 65 &&
  error.description === 'Invalid JWT Token, please reauthenticate.' &&
  error.message === error.description

async function setUp(t: TestContext) {
  const tls = createTls()
  const fixture = await openFixture(t, { tls, settings: { 'token.refreshThreshold': 0 } })
  await fixture.authority.actors.register({
    name: 'owner',
    password: PASSWORD,
    roles: ['user', 'admin'],
  })
  const logger = { warn: (message: string) => assert.fail(message) }
  const session = new Session({ clientPath: clientFolder(t), logger, fs })
  const open = async (given: Session | null) => {
    const remote = await openAgent({
      address: fixture.target,
      tls: { ca: tls.cert },
      session: given,
    })
    t.after(() => remote.close())
    return remote
  }
  return { fixture, tls, session, open }
}

describe('the two ways to give a call its token', () => {
  test('a client that is given the session: the three states', async (t) => {
    const { fixture, session, open } = await setUp(t)
    const { agent, sessions } = await open(session)
    await session.start({})
    await assert.rejects(sessions.whoAmI({}), missing)

    const { token } = await agent.sessionUnlock(unlocking)
    await session.start({ token })
    fixture.clock.advance(1000)
    assert.equal((await sessions.whoAmI({})).actor?.name, 'owner')
    assert.notEqual(session.token, token)
    assert.equal(readFileSync(session.sessionFile, 'utf8'), session.token)

    await agent.sessionLockAll({})
    await assert.rejects(sessions.whoAmI({}), invalid)
    await session.start({ token: (await agent.sessionUnlock(unlocking)).token })
    assert.equal((await sessions.whoAmI({})).actor?.name, 'owner')
  })

  test('credentials with each call: the three states', async (t) => {
    const { session, open } = await setUp(t)
    const { agent, sessions } = await open(null)
    const whoAmI = async () => sessions.whoAmI({}, await session.createCallCredentials())
    await session.start({})
    await assert.rejects(whoAmI(), missing)
    await session.start({ token: (await agent.sessionUnlock(unlocking)).token })
    assert.equal((await whoAmI()).actor?.name, 'owner')
    await agent.sessionLockAll({}, await session.createCallCredentials())
    await assert.rejects(whoAmI(), invalid)
  })

  test('both at once send one header, and keep the refreshed token', async (t) => {
    const { fixture, session, open } = await setUp(t)
    const { agent, sessions } = await open(session)
    const { token } = await agent.sessionUnlock(unlocking)
    await session.start({ token })
    fixture.clock.advance(1000)
    const { actor } = await sessions.whoAmI({}, await session.createCallCredentials())
    assert.equal(actor?.name, 'owner')
    assert.notEqual(session.token, token)
    assert.equal(readFileSync(session.sessionFile, 'utf8'), session.token)
  })

  test('a call with credentials of another keeps nothing of its answer', async (t) => {
    const { fixture, session, open } = await setUp(t)
    const { agent, sessions } = await open(session)
    await session.start({ token: (await agent.sessionUnlock(unlocking)).token })
    const before = session.token
    const other = new Session({ clientPath: clientFolder(t) })
    await other.start({ token: (await agent.sessionUnlock(unlocking)).token })
    fixture.clock.advance(1000)
    await sessions.whoAmI({}, await other.createCallCredentials())
    assert.equal(session.token, before)
  })

  test('a channel that is made with the session’s generator sends it', async (t) => {
    const { fixture, tls, session, open } = await setUp(t)
    const { agent } = await open(null)
    await session.start({ token: (await agent.sessionUnlock(unlocking)).token })
    const channel = credentials.combineChannelCredentials(
      credentials.createSsl(Buffer.from(tls.cert)),
      credentials.createFromMetadataGenerator(session.sessionMetadataGenerator),
    )
    const client = new Client(`localhost:${fixture.port}`, channel)
    t.after(() => client.close())
    const { path, requestSerialize, responseDeserialize } = serviceDefinition(Sessions).whoAmI
    const name = await new Promise((resolve, reject) =>
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, {}, (error, answer) =>
        error === null ? resolve(answer?.actor?.name) : reject(error),
      ),
    )
    assert.equal(name, 'owner')
  })
})

describe('no secret leaves this machine in clear', () => {
  test('neither a password, nor credentials of a call', async (t) => {
    const address = '192.0.2.1:8300'
    const opening = openAgent({ address, tls: false, session: null })
    await assert.rejects(opening, ErrorClientInsecureChannel)
    const session = new Session({ clientPath: clientFolder(t) })
    await session.start({ token: 'abc' })
    for (const given of [session, null]) {
      const interceptors = [withSession(given)]
      const client = new Client(address, credentials.createInsecure(), { interceptors })
      t.after(() => client.close())
      const { path, requestSerialize, responseDeserialize } = serviceDefinition(Sessions).whoAmI
      const options = { deadline: Date.now() + 500, ...(await session.createCallCredentials()) }
      const error = await new Promise<ServiceError | null>((resolve) =>
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          {},
          new Metadata(),
          options,
          resolve,
        ),
      )
      assert.ok(error?.cause instanceof ErrorClientInsecureChannel)
    }
  })
})
