import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openFixture, PASSWORD } from '../../../test/support/angen-door.ts'
import { createRegistry } from '../../commands/index.ts'
import { createAngenDoor } from './index.ts'

const MISMATCH = 'Type mismatch. Expected'

/** What is sent, and the reason of the `system/error` that it gets. */
const ERRORS: readonly (readonly [string, string])[] = [
  [
    '{"command":{}}',
    'Invalid request schema: {:error, [{"Required property name was not present.", "#"}]}',
  ],
  [
    '{}',
    'Invalid request schema: {:error, [{"Required properties command, name were not present.", "#"}]}',
  ],
  ['null', `Invalid request schema: {:error, [{"${MISMATCH} Object but got Null.", "#"}]}`],
  [
    '{"name":"auth/login","command":{}}',
    'Invalid command schema: {:error, [{"Required properties token, user_agent were not present.", "#"}]}',
  ],
  [
    '{"name":"auth/get_token","command":{"name":"a","user_agent":"b"}}',
    'Invalid command schema: {:error, [{"Required property password was not present.", "#"}]}',
  ],
  [
    '{"name":"auth/get_token","command":{"name":"a","user_agent":"b","password":5}}',
    `Invalid command schema: {:error, [{"${MISMATCH} String but got Integer.", "#/password"}]}`,
  ],
  [
    '{"name":"system/ping","command":"x"}',
    `Invalid request schema: {:error, [{"${MISMATCH} Object but got String.", "#/command"}]}`,
  ],
  [
    '{"name":"system/ping","command":{},"message_id":null}',
    `Invalid request schema: {:error, [{"${MISMATCH} String but got Null.", "#/message_id"}]}`,
  ],
  [
    '{"name":"system/ping","command":{},"message_id":7}',
    `Invalid request schema: {:error, [{"${MISMATCH} String but got Integer.", "#/message_id"}]}`,
  ],
  [
    '{"name":"auth/login","command":{"identifier_code":"x"}}',
    'Invalid command schema: {:error, [{"Required property user_agent was not present.", "#"}]}',
  ],
  [
    '{"name":"account/register","command":{}}',
    'Invalid command schema: {:error, [{"Required properties name, password, email were not present.", "#"}]}',
  ],
  [
    '{"name":"account/user_query","command":{"filters":{"id":[1]}}}',
    `Invalid command schema: {:error, [{"${MISMATCH} String but got Integer.", "#/filters/id/0"}]}`,
  ],
]

/** What is sent, and how the original fails at it; then it sends back what it got. */
const FAULTS: readonly (readonly [
  string,
  'Internal server error' | 'Server FunctionClauseError',
])[] = [
  ['{"name":"nobody/knows","command":{}}', 'Internal server error'],
  ['{"name":"enfys/login","command":{"name":"ada"}}', 'Internal server error'],
  ['{"name":"lobby/open","command":{"name":"ada"}}', 'Internal server error'],
  ['{"name":"events/anonymous","command":{}}', 'Internal server error'],
  ['{"name":"__proto__","command":{}}', 'Internal server error'],
  ['{"name":"session/login","command":{}}', 'Internal server error'],
  ['{"name":"system.ping","command":{}}', 'Internal server error'],
  ['{"name":"auth/login",}', 'Internal server error'],
  ['  not json ', 'Internal server error'],
  ['   ', 'Internal server error'],
  ['[{"name":"system/ping","command":{}}]', 'Internal server error'],
  ['5', 'Server FunctionClauseError'],
  ['"x"', 'Server FunctionClauseError'],
  ['true', 'Server FunctionClauseError'],
  [
    '{"name":"auth/get_token","command":{"password":"p","user_agent":"u"}}',
    'Server FunctionClauseError',
  ],
  [
    '{"name":"auth/get_token","command":{"id":"ada","password":"p","user_agent":"u"}}',
    'Internal server error',
  ],
]

test('a wrong message is answered with the reason, and the next one is served', async (t) => {
  const { connect } = await openFixture(t)
  const peer = connect()
  for (const [text, reason] of ERRORS) {
    assert.deepEqual(await peer.send(text), [{ name: 'system/error', message: { reason } }], text)
  }
  for (const [text, what] of FAULTS) {
    const reason = `${what} for message <redacted>`
    assert.deepEqual(await peer.send(text), [{ name: 'system/error', message: { reason } }], text)
  }
  assert.equal((await peer.ask('system/ping')).name, 'system/pong')
  assert.equal(peer.wire.closedWith, null)
})

test('the input comes back only where that is asked for, which is refused outside development', async (t) => {
  const { connect, authority, connections } = await openFixture(t, {
    echoInput: true,
    development: true,
  })
  const peer = connect()
  for (const [text, what] of FAULTS) {
    const reason = `${what} for message ${text.trim()}`
    assert.deepEqual(await peer.send(text), [{ name: 'system/error', message: { reason } }])
  }
  const parts = { authority, connections, registry: createRegistry(), echoInput: true }
  assert.throws(() => createAngenDoor(parts), { code: 'invalid_request' })
})

test('answers are in the very bytes of the protocol', async (t) => {
  const { connect, register, token } = await openFixture(t)
  const id = await register('teifion')
  const { identifier_code, renewal_code, expires_at, user_id } = await token('teifion')
  assert.equal(user_id, id)
  const peer = connect()
  const said = async (text: string) => {
    await peer.send(text)
    return peer.wire.texts.at(-1)
  }
  assert.equal(
    await said('{"name":"auth/login","command":{"token":"","user_agent":"u"},"message_id":"m1"}'),
    '{"message":{"command":"auth/login","reason":"Bad token"},"message_id":"m1","name":"system/failure"}',
  )
  assert.equal(
    await said('{"name":"system/ping","command":{},"message_id":"c0ffee"}'),
    '{"message":{},"message_id":"c0ffee","name":"system/pong"}',
  )
  assert.equal(
    await said(
      JSON.stringify({ name: 'auth/login', command: { token: identifier_code, user_agent: 'u' } }),
    ),
    `{"message":{"user":{"id":"${id}","name":"teifion"}},"name":"auth/logged_in"}`,
  )
  const got = await said(
    JSON.stringify({
      name: 'auth/get_token',
      command: { name: 'teifion', password: PASSWORD, user_agent: 'u' },
    }),
  )
  assert.match(
    got ?? '',
    new RegExp(
      `^{"message":{"token":{"expires_at":"2026-02-01T00:00:00Z","identifier_code":"\\w+","renewal_code":"\\w+","user_id":"${id}"}},"name":"auth/token"}$`,
    ),
  )
  assert.equal(expires_at, '2026-02-01T00:00:00Z')
  assert.ok(identifier_code.length >= 64 && renewal_code.length <= 255)
})

test('the id of a message comes back with answers of every kind but errors, even an empty one', async (t) => {
  const { visit } = await openFixture(t)
  const peer = await visit('ada')
  for (const id of ['', 'x', '"quoted"\\', 'é☃', '\u2028']) {
    const answers = [
      await peer.ask('system/ping', {}, { id }),
      await peer.ask('connections/whoami', {}, { id }),
      await peer.ask('connections/update_client', { 'afk?': false }, { id }),
      await peer.ask('auth/login', { token: 'no', user_agent: 'u' }, { id }),
      await peer.ask('auth/get_token', { name: 'no', password: 'no', user_agent: 'u' }, { id }),
      await peer.ask('auth/renew', { identifier_code: 'no', renewal_code: 'no' }, { id }),
    ]
    for (const { message_id } of answers) assert.equal(message_id, id)
    assert.equal((await peer.ask('auth/login', {}, { id })).message_id, undefined)
  }
  assert.ok(!('message_id' in (await peer.ask('system/ping'))))
})

test('a client that asks for details gets the code, and no other does', async (t) => {
  const { connect } = await openFixture(t)
  const peer = connect()
  const given = { token: 'x', user_agent: 'u' }
  assert.deepEqual((await peer.ask('auth/login', given)).message, {
    command: 'auth/login',
    reason: 'Bad token',
  })
  assert.deepEqual((await peer.ask('auth/login', given, { details: true })).message, {
    code: 'token_invalid',
    command: 'auth/login',
    reason: 'Bad token',
  })
})

test('bytes that are not a message are answered as such', async (t) => {
  const { connect } = await openFixture(t)
  for (const problem of ['too_large', 'not_utf8', 'throttled'] as const) {
    const peer = connect()
    peer.receiver.refuse?.(problem)
    assert.equal(peer.read()[0]?.name, 'system/error')
  }
})

test('an error of the store is a failure of the server, never a bad token', async (t) => {
  const { connect, authority, errors } = await openFixture(t)
  const unavailable = { ok: false, code: 'unavailable', message: 'Gone.' } as const
  t.mock.method(authority, 'authenticate', async () => unavailable)
  t.mock.method(authority, 'login', async () => ({
    ...unavailable,
    code: 'busy',
    retryAfterMs: 1500,
  }))
  t.mock.method(authority, 'renew', () => Promise.reject(new Error('the password is hunter2')))
  const peer = connect()
  assert.deepEqual((await peer.ask('auth/login', { token: 'x', user_agent: 'u' })).message, {
    command: 'auth/login',
    reason: 'Service unavailable, please retry',
  })
  const given = { name: 'a', password: 'b', user_agent: 'u' }
  assert.deepEqual((await peer.ask('auth/get_token', given)).message, {
    command: 'auth/get_token',
    reason: 'Server busy, please retry',
    retry_after: 2,
  })
  const codes = { identifier_code: 'a', renewal_code: 'b' }
  assert.deepEqual(await peer.ask('auth/renew', codes), {
    name: 'system/error',
    message: { reason: 'Internal server error for message <redacted>' },
  })
  assert.equal(errors.length, 1)
})
