import assert from 'node:assert/strict'
import { existsSync, readFileSync, watch } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { createTls } from '../../../test/support/certificate.ts'
import { runChild } from '../../../test/support/client/child.ts'
import { clientFolder } from '../../../test/support/client/folder.ts'
import { openFixture, PASSWORD } from '../../../test/support/grpc-door.ts'
import type { LatchkeyError } from '../../core/errors.ts'
import {
  ErrorClientJWTTokenNotProvided,
  ErrorPassword,
  ErrorSessionTokenInvalid,
} from '../errors.ts'
import { Session } from '../session/session.ts'
import { openAgent } from './open-agent.ts'

const password = { case: 'password', value: PASSWORD } as const
const SECOND = 1000

async function setUp(t: TestContext, options: Parameters<typeof openFixture>[1] = {}) {
  const fixture = await openFixture(t, options)
  await fixture.authority.actors.register({
    name: 'owner',
    password: PASSWORD,
    roles: ['user', 'admin'],
  })
  const session = new Session({ clientPath: clientFolder(t) })
  await session.start({})
  const tls = options.tls === undefined ? false : { ca: options.tls.cert }
  const remote = await openAgent({ address: fixture.target, tls, session })
  t.after(() => remote.close())
  return { ...remote, fixture, session }
}

describe('the states of a session, with an agent', { concurrency: true }, () => {
  test('no token, then a valid one, then an invalid one', async (t) => {
    const { agent, sessions, session } = await setUp(t)
    await assert.rejects(sessions.whoAmI({}), (error: unknown) => {
      assert.ok(error instanceof ErrorClientJWTTokenNotProvided)
      assert.equal(error.message, 'JWT Token not provided in metadata')
      assert.equal(error.code, 'token_missing')
      return true
    })
    const { token } = await agent.sessionUnlock({ passwordOrFile: password })
    await session.start({ token })
    assert.equal((await sessions.whoAmI({})).actor?.name, 'owner')
    assert.deepEqual((await agent.sessionLockAll({})).success, true)
    await assert.rejects(sessions.whoAmI({}), (error: unknown) => {
      assert.ok(error instanceof ErrorSessionTokenInvalid)
      assert.equal(error.message, 'Invalid JWT Token, please reauthenticate.')
      assert.equal(error.details.reason, 'locked')
      return true
    })
  })

  test('a wrong password is an error of its own; a server that does not answer is unavailable', async (t) => {
    const { agent } = await setUp(t)
    const wrong = { case: 'password', value: 'hunter2 hunter2' } as const
    await assert.rejects(agent.sessionUnlock({ passwordOrFile: wrong }), (error: unknown) => {
      assert.ok(error instanceof ErrorPassword)
      assert.doesNotMatch(String(error.stack), /hunter2/)
      return true
    })
    const none = await openAgent({ address: '127.0.0.1:1', tls: false, session: null })
    t.after(() => none.close())
    await assert.rejects(none.agent.agentStatus({}), {
      code: 'unavailable',
      message: /^No server answers at 127\.0\.0\.1:1: /,
    })
  })

  test('over TLS it connects to a server with a trusted certificate and to no other', async (t) => {
    const certificate = createTls()
    const { agent, fixture } = await setUp(t, { tls: certificate })
    assert.equal((await agent.agentStatus({})).hasOwner, true)
    const stranger = await openAgent({ address: fixture.target, session: null })
    t.after(() => stranger.close())
    await assert.rejects(stranger.agent.agentStatus({}), { message: /is not trusted/ })
    const tls = { ca: certificate.cert }
    const statusAt = async (address: string) => {
      const remote = await openAgent({ address, tls, session: null })
      t.after(() => remote.close())
      return remote.agent.agentStatus({})
    }
    assert.equal((await statusAt(`localhost:${fixture.port}`)).hasOwner, true)
    // The certificate is for 127.0.0.1 and localhost, and not for another address at which it answers.
    const elsewhere = createServer((socket) => {
      const far = connect(fixture.port, '127.0.0.1').on('error', () => socket.destroy())
      socket.on('error', () => far.destroy())
      socket.pipe(far).pipe(socket)
    })
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.2', resolve))
    t.after(() => elsewhere.close())
    const { port } = elsewhere.address() as AddressInfo
    await assert.rejects(statusAt(`127.0.0.2:${port}`), (error: LatchkeyError) => {
      assert.match(String((error.cause as Error).message), /127\.0\.0\.2 is not in the cert/)
      return error.code === 'unavailable'
    })
  })

  test('a refresh in flight brings back nothing that lockall and lock have ended', async (t) => {
    const settings = { 'token.refreshThreshold': 0 }
    const { agent, sessions, session, fixture } = await setUp(t, { settings })
    const { token } = await agent.sessionUnlock({ passwordOrFile: password })
    await session.start({ token })
    fixture.clock.advance(SECOND)
    const calls = Array.from({ length: 50 }, () => sessions.whoAmI({}).catch(() => null))
    await agent.sessionLockAll({})
    await new Session({ clientPath: session.clientPath }).destroy()
    await Promise.all(calls)
    assert.equal(existsSync(session.sessionFile), false)
  })
})

test('bursts of calls from many processes: each refreshes once, none fails, no token is torn', async (t) => {
  const settings = { 'token.refreshThreshold': 0 }
  const { agent, session, fixture } = await setUp(t, { settings })
  const { token } = await agent.sessionUnlock({ passwordOrFile: password })
  await session.start({ token })
  const options = [fixture.target, session.clientPath, '20']
  const children = Array.from({ length: 5 }, () => runChild(t, 'calling-child.ts', ...options))
  await Promise.all(children.map(({ says }) => says('ready')))
  let writes = 0
  const watcher = watch(session.clientPath, (kind, name) => {
    if (kind === 'rename' && name === 'token') writes++
  })
  t.after(() => watcher.close())
  const seen = new Set([token])
  for (let burst = 0; burst < 4; burst++) {
    fixture.clock.advance(SECOND)
    for (const { process } of children) process.stdin?.write('go\n')
    let done = false
    const results = Promise.all(children.map(({ says }) => says(`burst${burst}`))).finally(() => {
      done = true
    })
    while (!done) {
      const held = await session.readToken()
      assert.match(held ?? 'none', /^[\w-]+\.[\w-]+\.[\w-]{86}$/)
      seen.add(held ?? '')
    }
    seen.add((await session.readToken()) ?? '')
    assert.deepEqual(await results, ['0', '0', '0', '0', '0'])
  }
  assert.equal(seen.size, 5)
  assert.equal(readFileSync(session.sessionFile, 'utf8'), [...seen].at(-1))
  if (process.platform === 'linux') assert.equal(writes, 4)
})
