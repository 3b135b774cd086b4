import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { Client, credentials, status } from '@grpc/grpc-js'
import {
  type GrpcFixture,
  granted,
  openFixture,
  refused,
  unlock,
} from '../../../test/support/grpc-door.ts'
import { ERROR_TABLE, type ErrorCode } from '../../core/index.ts'
import { Agent, Sessions } from '../../protocol/grpc/index.ts'
import { statusOf } from './status.ts'

const same = (value: Buffer) => value

function clientOf(t: TestContext, { target }: GrpcFixture): Client {
  const client = new Client(target, credentials.createInsecure())
  t.after(() => client.close())
  return client
}

/** The bytes of a field of text. */
function textField(field: number, text: string): Buffer {
  return Buffer.concat([Buffer.of((field << 3) | 2, text.length), Buffer.from(text)])
}

test('reflection tells of the services, and of what their methods take', async (t) => {
  const fixture = await openFixture(t)
  const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'
  const stream = clientOf(t, fixture).makeBidiStreamRequest(path, same, same)
  const ended = once(stream, 'end')
  const ask = async (question: Buffer) => {
    stream.write(question)
    return await new Promise<string>((resolve) =>
      stream.once('data', (bytes: Buffer) => resolve(bytes.toString('latin1'))),
    )
  }
  const services = await ask(textField(7, '*'))
  for (const name of ['latchkey.v1.Agent', 'latchkey.v1.Sessions', 'grpc.health.v1.Health']) {
    assert.ok(services.includes(name), name)
  }
  assert.match(await ask(textField(4, 'latchkey.v1.Agent')), /SessionUnlock.*PasswordMessage/s)
  stream.end()
  await ended
})

test('health reports that it serves, and while it drains that it does not', async (t) => {
  const fixture = await openFixture(t)
  const client = clientOf(t, fixture)
  const check = (name: string) =>
    new Promise<string>((resolve, reject) => {
      const path = '/grpc.health.v1.Health/Check'
      client.makeUnaryRequest(path, same, same, textField(1, name), (error, value) =>
        error === null ? resolve(value?.toString('hex') ?? '') : reject(error),
      )
    })
  for (const name of ['', Agent.typeName, Sessions.typeName])
    assert.equal(await check(name), '0801')
  fixture.door.setServing(false)
  for (const name of ['', Sessions.typeName]) assert.equal(await check(name), '0802')
  await assert.rejects(check('no.Such'), { code: status.NOT_FOUND })
})

test('every refusal has the status of the table, and trailers of plain ASCII', () => {
  for (const [code, { grpc }] of Object.entries(ERROR_TABLE)) {
    const refusal = { ok: false, code: code as ErrorCode, message: 'Näme “x” \ud800 50%' } as const
    const told = statusOf({ ...refusal, reason: 'über', retryAfterMs: 1.5 })
    assert.equal(told.code, status[grpc])
    assert.equal(told.metadata.get('latchkey-code')[0], code)
    assert.equal(told.metadata.get('retry-after-ms')[0], '2')
    for (const value of Object.values(told.metadata.getMap()))
      assert.match(String(value), /^[ -~]*$/)
    // As grpc-js will, which throws for what has no encoding.
    assert.ok(encodeURI(told.details))
  }
})

test('a service with the role checks a token that it received, and no other caller can', async (t) => {
  const fixture = await openFixture(t)
  const { client, authority } = fixture
  const ada = await unlock(fixture, Agent, 'ada')
  const service = await unlock(fixture, Agent, 'service', ['introspect'])
  const ask = (token: string, by = service.token) =>
    client.call(Sessions, 'authenticate', { token }, { token: by })
  const { value } = granted(await ask(ada.token))
  assert.deepEqual(
    [value.active, value.actorId, value.sessionId, value.actorName, value.roles],
    [true, ada.actorId, ada.sessionId, 'ada', ['user']],
  )
  assert.ok(value.expiresAtMs > BigInt(fixture.clock.now()))
  await authority.sessions.end({ id: ada.sessionId })
  const dead = granted(await ask(ada.token)).value
  assert.deepEqual([dead.active, dead.actorId], [false, ''])
  refused(await ask(service.token, (await unlock(fixture, Agent, 'bob')).token), 'access_denied')
})

test('an anonymous actor has a session, and a login from it ends it', async (t) => {
  const fixture = await openFixture(t)
  const { client } = fixture
  await unlock(fixture, Agent, 'ada')
  const visitor = granted(await client.call(Sessions, 'loginAnonymous', { label: 'kiosk' })).value
  assert.equal(visitor.actor?.anonymous, true)
  const login = { identity: 'ada', password: 'six wet otters under a bridge', profile: 'device' }
  const { value } = granted(await client.call(Sessions, 'login', login, { token: visitor.token }))
  assert.equal(value.session?.profile, 'device')
  const gone = await client.call(Sessions, 'whoAmI', {}, { token: visitor.token })
  refused(gone, 'session_revoked', 'upgraded')
})

test('pages of sessions follow each other', async (t) => {
  const fixture = await openFixture(t)
  const { token } = await unlock(fixture, Agent, 'ada')
  for (let more = 0; more < 4; more++) await unlock(fixture, Agent, 'ada')
  const seen: string[] = []
  let after = ''
  do {
    const { value } = granted(
      await fixture.client.call(Sessions, 'list', { limit: 2, after }, { token }),
    )
    seen.push(...value.sessions.map(({ id }) => id))
    after = value.next
  } while (after !== '')
  assert.equal(new Set(seen).size, 5)
  refused(await fixture.client.call(Sessions, 'list', { limit: -1 }, { token }), 'invalid_request')
})

test('a client whose deadline has passed is not waited for', async (t) => {
  const fixture = await openFixture(t)
  const { token } = await unlock(fixture, Agent, 'ada')
  const late = await fixture.client.call(
    Sessions,
    'whoAmI',
    {},
    { token, deadline: Date.now() - 1 },
  )
  assert.equal(late.ok ? '' : late.status, 'DEADLINE_EXCEEDED')
  granted(await fixture.client.call(Sessions, 'whoAmI', {}, { token }))
})
