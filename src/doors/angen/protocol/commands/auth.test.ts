import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openFixture, PASSWORD, type Token } from '../../../../../test/support/angen-door.ts'
import { LatchkeyError } from '../../../../core/index.ts'

const DAY = 86_400_000

test('a token is issued for a name, an e-mail address or an id, and the connection stays unauthenticated', async (t) => {
  const { connect, register, authority } = await openFixture(t)
  const id = await register('Teifion')
  const peer = connect('192.0.2.7')
  for (const who of [
    { name: 'teifion' },
    { email: 'Teifion@example.org' },
    { id },
    { id: id.toUpperCase() },
    { email: 'teifion@example.org', id: 'nobody', name: 'nobody' },
    { id, name: 'nobody' },
  ]) {
    const told = await peer.ask('auth/get_token', {
      ...who,
      password: PASSWORD,
      user_agent: 'lobby 1.2',
    })
    const token = told.message['token'] as Token
    assert.equal(token.user_id, id)
    const check = await authority.authenticate(token.identifier_code)
    assert.ok(check.ok)
    assert.equal(check.session.profile, 'device')
    assert.equal(check.session.door, 'angen')
  }
  assert.equal(await peer.reason('connections/whoami'), 'You are not logged in')
  const { items } = await authority.sessions.list({ owner: id })
  assert.deepEqual(items[0]?.client, { address: '192.0.2.7', userAgent: 'lobby 1.2', label: null })
})

test('an unknown user and a wrong password get the same answer', async (t) => {
  const { connect, register } = await openFixture(t)
  const id = await register('ada')
  const peer = connect()
  const nobody = '1a29545c-f2b0-4b70-9f35-d4104471f3aa'
  for (const who of [
    { name: 'ada' },
    { name: 'nobody' },
    { name: '' },
    { email: 'no' },
    { id },
    { id: nobody },
  ]) {
    const given = { ...who, password: 'wrong', user_agent: 'u' }
    assert.equal(await peer.reason('auth/get_token', given), 'Bad authentication')
  }
})

test('bad then good', async (t) => {
  const { connect, register } = await openFixture(t)
  await register('ada')
  const peer = connect()
  const given = { email: 'ada@example.org', user_agent: 'u' }
  assert.equal(
    await peer.reason('auth/get_token', { ...given, password: 'no' }),
    'Bad authentication',
  )
  assert.equal(
    (await peer.ask('auth/get_token', { ...given, password: PASSWORD })).name,
    'auth/token',
  )
})

test('too many failures are bad authentication too, even with the right password', async (t) => {
  const { connect, register, authority, clock } = await openFixture(t)
  await register('ada')
  const peer = connect('192.0.2.7')
  const given = { name: 'ada', user_agent: 'u' }
  for (let at = 0; at < authority.settings.get('throttle.identityFree'); at++) {
    await peer.reason('auth/get_token', { ...given, password: 'wrong' })
  }
  const right = { ...given, password: PASSWORD }
  assert.equal(await peer.reason('auth/get_token', right), 'Bad authentication')
  clock.advance(authority.settings.get('throttle.identityBaseMs'))
  assert.equal((await peer.ask('auth/get_token', right)).name, 'auth/token')
})

test('a suspension is reported only to the right password', async (t) => {
  const { connect, register, authority } = await openFixture(t)
  const id = await register('ada')
  await authority.actors.suspend(id)
  const peer = connect()
  const given = { name: 'ada', user_agent: 'u' }
  const right = { ...given, password: PASSWORD }
  assert.equal(
    await peer.reason('auth/get_token', { ...given, password: 'no' }),
    'Bad authentication',
  )
  assert.equal(await peer.reason('auth/get_token', right), 'Unable to generate token')
})

test('a login that a guard refuses gets no token', async (t) => {
  const check = () => Promise.reject(new LatchkeyError('access_denied', 'Not today.'))
  const { connect, register } = await openFixture(t, {
    guards: [{ when: 'after', check }],
  })
  await register('ada')
  const given = { name: 'ada', password: PASSWORD, user_agent: 'u' }
  assert.equal(await connect().reason('auth/get_token', given), 'Unable to generate token')
})

test('a token needs a user agent, which is reported only to the right password', async (t) => {
  const { connect, register, authority } = await openFixture(t)
  await register('ada')
  const peer = connect()
  const given = { name: 'ada', user_agent: ' ' }
  assert.equal(
    await peer.reason('auth/get_token', { ...given, password: PASSWORD }),
    "There was an error generating the token: user_agent: can't be blank",
  )
  assert.equal(
    await peer.reason('auth/get_token', { ...given, password: 'no' }),
    'Bad authentication',
  )
  assert.equal(await authority.sessions.count(), 0)
})

test('a client that leaves gives its place in the queue of passwords up', async (t) => {
  const { connect, register, authority } = await openFixture(t)
  await register('ada')
  const login = t.mock.method(authority, 'login')
  const peer = connect()
  const given = { name: 'ada', password: PASSWORD, user_agent: 'u' }
  const asked = peer.receiver.receive(JSON.stringify({ name: 'auth/get_token', command: given }))
  peer.receiver.closed()
  await asked
  assert.equal(login.mock.calls[0]?.arguments[1]?.signal?.aborted, true)
  assert.deepEqual(peer.wire.texts, [])
})

test('the connection is logged in by token or identifier_code, in any format', async (t) => {
  const { connect, register, token, authority } = await openFixture(t)
  const id = await register('ada')
  const { identifier_code } = await token('ada')
  const native = await authority.login({ identity: 'ada', password: PASSWORD })
  assert.ok(native.ok)
  const user = { id, name: 'ada' }
  for (const given of [
    { token: identifier_code },
    { identifier_code },
    { token: identifier_code, identifier_code: 'other' },
    { identifier_code: native.token },
  ]) {
    const peer = connect()
    const told = await peer.ask('auth/login', { ...given, user_agent: '', 'bot?': true })
    assert.deepEqual(told, { name: 'auth/logged_in', message: { user } })
    assert.equal(peer.wire.isAuthenticated, true)
    assert.equal((await peer.ask('connections/whoami')).name, 'connections/youare')
  }
})

test('a token that is no good is a bad token, and an empty one is none', async (t) => {
  const { connect, register, token, clock } = await openFixture(t)
  await register('ada')
  const { identifier_code, renewal_code } = await token('ada')
  const peer = connect()
  for (const bad of ['', 'x', renewal_code, `${identifier_code}x`, identifier_code.slice(1)]) {
    assert.equal(await peer.reason('auth/login', { token: bad, user_agent: 'u' }), 'Bad token')
    const codes = { identifier_code: bad, renewal_code }
    assert.equal(await peer.reason('auth/renew', codes), 'No token', bad)
  }
  for (const bad of ['', 'x', identifier_code]) {
    const codes = { identifier_code, renewal_code: bad }
    assert.equal(await peer.reason('auth/renew', codes), 'No token')
  }
  clock.advance(31 * DAY - 1)
  await connect().login(identifier_code)
  clock.advance(1)
  assert.equal(
    await peer.reason('auth/login', { token: identifier_code, user_agent: 'u' }),
    'Bad token',
  )
  assert.equal(await peer.reason('auth/renew', { identifier_code, renewal_code }), 'No token')
})

test('where tokens must persist their address, one from elsewhere is bad', async (t) => {
  const { connect, register, token } = await openFixture(t, {
    settings: { require_tokens_to_persist_ip: true },
  })
  await register('ada')
  const { identifier_code } = await token('ada', '192.0.2.7')
  await connect('192.0.2.7').login(identifier_code)
  const given = { token: identifier_code, user_agent: 'u' }
  assert.equal(await connect('192.0.2.8').reason('auth/login', given), 'Bad token')
})

test('a renewal issues other codes, the old token is invalid, open connections stay', async (t) => {
  const { connect, register, token, authority } = await openFixture(t)
  await register('ada')
  const first = await token('ada')
  const { identifier_code, renewal_code } = first
  const open = await connect().login(identifier_code)
  const told = await connect().ask('auth/renew', { identifier_code, renewal_code })
  const second = told.message['token'] as Token
  assert.notEqual(second.identifier_code, identifier_code)
  assert.notEqual(second.renewal_code, renewal_code)
  assert.equal(
    await connect().reason('auth/login', { token: identifier_code, user_agent: 'u' }),
    'Bad token',
  )
  await connect().login(second.identifier_code)
  assert.equal((await open.ask('connections/whoami')).name, 'connections/youare')
  assert.equal(await authority.sessions.count(), 1)
})

test('renewals at once get one and the same pair', async (t) => {
  const { connect, register, token } = await openFixture(t)
  await register('ada')
  const { identifier_code, renewal_code } = await token('ada')
  const codes = { identifier_code, renewal_code }
  const told = await Promise.all(
    Array.from({ length: 8 }, () => connect().ask('auth/renew', codes)),
  )
  const pairs = new Set(told.map(({ message }) => JSON.stringify(message['token'])))
  assert.equal(pairs.size, 1)
  assert.ok(![...pairs][0]?.includes(identifier_code))
})

test('another login overwrites the identity, and a refused one does not', async (t) => {
  const { connect, register, token, connections } = await openFixture(t)
  await register('ada')
  const bob = await register('bob')
  const peer = await connect().login((await token('ada')).identifier_code)
  await peer.login((await token('bob')).identifier_code)
  await peer.reason('auth/login', { token: 'no', user_agent: 'u' })
  const { user } = (await peer.ask('connections/whoami')).message as { user: object }
  assert.deepEqual(user, { id: bob, name: 'bob' })
  assert.equal(connections.size, 1)
})

test('a login to the session there is already opens nothing', async (t) => {
  const { connect, register, token, connections } = await openFixture(t)
  await register('ada')
  const { identifier_code } = await token('ada')
  const open = t.mock.method(connections, 'open')
  const peer = await connect().login(identifier_code)
  for (let at = 0; at < 5; at++) await peer.login(identifier_code)
  assert.equal(open.mock.callCount(), 1)
})
