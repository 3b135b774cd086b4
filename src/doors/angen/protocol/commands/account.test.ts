import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openFixture, PASSWORD, settled } from '../../../../../test/support/angen-door.ts'
import { valuesOf } from '../../../../core/index.ts'

const BLANK = "can't be blank"
const SHORT = 'Passwords must be at least 6 characters long'

test('registration makes a user, and does not log in', async (t) => {
  const { connect, authority } = await openFixture(t)
  const peer = connect()
  const given = { name: 'Teifion', email: 'T@example.org', password: 'password1' }
  const told = await peer.ask('account/register', given)
  const { id } = told.message['user'] as { id: string }
  assert.deepEqual(told, { name: 'account/registered', message: { user: { id, name: 'Teifion' } } })
  const actor = await authority.actors.find(id)
  assert.deepEqual(actor?.roles, ['user'])
  assert.deepEqual(valuesOf(actor?.identities), ['teifion', 't@example.org'])
  assert.equal(await peer.reason('connections/whoami'), 'You are not logged in')
})

test('a closed registration is refused, and an invitation opens it for one user', async (t) => {
  const { connect, authority } = await openFixture(t, { settings: { registration: 'invite' } })
  const peer = connect()
  const ada = { name: 'ada', email: 'ada@example.org', password: 'password1' }
  const reason = await peer.reason('account/register', ada)
  assert.match(
    String(reason),
    /^There was an error registering: Registration needs an invitation\./,
  )
  const invited = await authority.actors.invite()
  const invitation = invited.ok ? invited.code : ''
  const told = await peer.ask('account/register', { ...ada, invitation })
  assert.equal(told.name, 'account/registered')
  const bob = { name: 'bob', email: 'bob@example.org', password: 'password1', invitation }
  assert.match(String(await peer.reason('account/register', bob)), /The invitation is wrong/)
  await authority.settings.set('registration', 'closed')
  assert.match(String(await peer.reason('account/register', bob)), /: Registration is closed$/)
})

test('all faults of a registration are in one answer', async (t) => {
  const { connect, register } = await openFixture(t)
  await register('ada')
  const peer = connect()
  const cases: readonly (readonly [string, string, string, string])[] = [
    ['', '', '', `name: ${BLANK}, email: ${BLANK}, password: ${BLANK}`],
    [' ', 'a@b', 'short', `name: ${BLANK}, password: ${SHORT}`],
    ['bob', 'bob@example.org', '12345', `password: ${SHORT}`],
    ['bob', 'ada@example.org', 'password1', 'email: has already been taken'],
    ['ADA', 'bob@example.org', 'password1', 'name: has already been taken'],
    [
      'ada',
      'Ada@Example.org',
      'password1',
      'name: has already been taken, email: has already been taken',
    ],
    ['bob', 'nowhere', 'password1', 'email: is not an e-mail address'],
  ]
  for (const [name, email, password, what] of cases) {
    assert.equal(
      await peer.reason('account/register', { name, email, password }),
      `There was an error registering: ${what}`,
    )
  }
})

test('a password that the policy refuses is answered as a refused password', async (t) => {
  const settings = { 'password.minLength': 8, 'password.blocklist': true }
  const { connect } = await openFixture(t, { settings })
  const given = { name: 'ada', email: 'a@b' }
  const peer = connect()
  assert.equal(
    await peer.reason('account/register', { ...given, password: '1234567' }),
    'There was an error registering: password: The password must have at least 8 characters',
  )
})

test('registrations over the rate of an address are answered with when to retry', async (t) => {
  const { connect } = await openFixture(t, { settings: { 'throttle.createPerMinute': 1 } })
  const peer = connect('192.0.2.7')
  await peer.ask('account/register', { name: 'a', email: 'a@b', password: 'password1' })
  const told = await peer.ask('account/register', {
    name: 'c',
    email: 'c@b',
    password: 'password1',
  })
  assert.equal(told.message['reason'], 'Too many attempts, please retry later')
  assert.ok((told.message['retry_after'] as number) >= 1)
})

test('a password change closes every connection of the user, the caller’s last', async (t) => {
  const { connect, visit, token, authority } = await openFixture(t)
  const peer = await visit('ada')
  const other = await connect().login((await token('ada')).identifier_code)
  const bob = await visit('bob')
  const order: string[] = []
  t.mock.method(other.wire, 'close', () => order.push('other'))
  t.mock.method(peer.wire, 'close', () => order.push('caller'))
  const change = { current_password: PASSWORD, new_password: 'another password' }
  const told = await peer.send(JSON.stringify({ name: 'account/change_password', command: change }))
  assert.deepEqual(
    told.map(({ name }) => name),
    ['system/success', 'sessions/ended'],
  )
  assert.equal(told[1]?.message['reason'], 'password_changed')
  assert.deepEqual(order, ['other', 'caller'])
  assert.equal(other.read()[0]?.message['reason'], 'password_changed')
  for (const { receiver, wire } of [peer, other]) {
    const before = wire.texts.length
    await receiver.receive('{"name":"system/ping","command":{}}')
    assert.equal(wire.texts.length, before)
  }
  assert.equal((await bob.ask('connections/whoami')).name, 'connections/youare')
  assert.equal(await authority.sessions.count(), 1)
  const given = { name: 'ada', user_agent: 'u' }
  assert.equal(
    await connect().reason('auth/get_token', { ...given, password: PASSWORD }),
    'Bad authentication',
  )
  const next = await connect().ask('auth/get_token', { ...given, password: 'another password' })
  assert.equal(next.name, 'auth/token')
})

test('a password change that is refused ends nothing', async (t) => {
  const { visit } = await openFixture(t)
  const peer = await visit('ada')
  const prefix = 'There was an error changing your password'
  const refused = (current_password: string, new_password: string) =>
    peer.reason('account/change_password', { current_password, new_password })
  assert.equal(
    await refused('wrong', 'another password'),
    `${prefix}: existing: Incorrect password`,
  )
  assert.equal(await refused(PASSWORD, '12345'), `${prefix}: password: ${SHORT}`)
  assert.equal((await peer.ask('connections/whoami')).name, 'connections/youare')
})

test('revoking the tokens closes every connection, the caller’s last', async (t) => {
  const { connect, visit, token, authority } = await openFixture(t)
  const peer = await visit('ada')
  const { identifier_code } = await token('ada')
  const other = await connect().login(identifier_code)
  const end = t.mock.method(authority.sessions, 'end')
  const told = await peer.send('{"name":"account/revoke_tokens","command":{},"message_id":"7"}')
  // A login that is under way must not slip in after.
  assert.deepEqual(end.mock.calls[0]?.arguments[0], {
    owner: (await authority.actors.findByIdentity('ada'))?.id,
    raiseEpoch: true,
  })
  assert.deepEqual(told[0], {
    name: 'system/success',
    message: { command: 'account/revoke_tokens' },
    message_id: '7',
  })
  assert.equal(told[1]?.name, 'sessions/ended')
  assert.deepEqual(other.wire.closedWith, { reason: 'revoked', code: 4401 })
  assert.deepEqual(peer.wire.closedWith, { reason: 'revoked', code: 4401 })
  assert.equal(await authority.sessions.count(), 0)
  assert.equal(
    await connect().reason('auth/login', { token: identifier_code, user_agent: 'u' }),
    'Bad token',
  )
})

test('a caller whose session ends during its password change receives the answer first', async (t) => {
  const { visit, authority } = await openFixture(t)
  const peer = await visit('ada')
  const { id: owner } = (await authority.actors.findByIdentity('ada')) ?? { id: '' }
  t.mock.method(authority.credentials, 'changePassword', async () => {
    await authority.sessions.end({ owner })
    return { ok: false, code: 'credentials_invalid', message: 'The password is wrong.' }
  })
  const change = { current_password: PASSWORD, new_password: 'another password' }
  const told = await peer.send(JSON.stringify({ name: 'account/change_password', command: change }))
  assert.deepEqual(
    told.map(({ name }) => name),
    ['system/failure', 'sessions/ended'],
  )
})

test('an update changes the name or the address, with the password', async (t) => {
  const { visit, register, authority } = await openFixture(t)
  await register('bob')
  const peer = await visit('ada')
  const prefix = 'There was an error changing your details'
  const update = (given: object) => peer.reason('account/update', { password: PASSWORD, ...given })
  assert.equal(
    await update({ password: 'no' }),
    `${prefix}: password_confirmation: Incorrect password`,
  )
  assert.equal(
    await update({ email: 'bob@example.org' }),
    `${prefix}: email: has already been taken`,
  )
  assert.equal(await update({ name: 'Bob' }), `${prefix}: name: has already been taken`)
  assert.equal(await update({ name: '', email: ' ' }), `${prefix}: name: ${BLANK}, email: ${BLANK}`)
  for (const given of [{}, { name: 'Ada L' }, { email: 'ada.l@example.org' }]) {
    const told = await peer.ask('account/update', { password: PASSWORD, ...given })
    assert.deepEqual(told, { name: 'system/success', message: { command: 'account/update' } })
  }
  const actor = await authority.actors.findByIdentity('ada.l@example.org')
  assert.equal(actor?.name, 'Ada L')
  await settled()
  const { user } = (await peer.ask('connections/whoami')).message as { user: { name: string } }
  assert.equal(user.name, 'Ada L')
})

test('a query finds users by id and by name, and none by e-mail address', async (t) => {
  const { visit, register } = await openFixture(t)
  const peer = await visit('ada')
  const bob = { id: await register('Bob'), name: 'Bob' }
  const eve = { id: await register('eve'), name: 'eve' }
  const found = async (filters: object, more: object = {}) =>
    (await peer.ask('account/user_query', { filters, ...more })).message['users']
  assert.deepEqual(await found({ id: [bob.id, 'nobody', eve.id.toUpperCase(), bob.id] }), [
    bob,
    eve,
  ])
  assert.deepEqual(await found({ id: [bob.id, eve.id] }, { limit: 1 }), [bob])
  assert.deepEqual(await found({ id: [bob.id, eve.id], name: 'BOB' }), [bob])
  assert.deepEqual(await found({ name: 'bob' }), [bob])
  assert.deepEqual(await found({ name: 'bob@example.org' }), [])
  assert.deepEqual(await found({ id: [] }), [])
  assert.deepEqual(await found({ id: [bob.id], name: 'b\u0000b' }), [])
  for (const none of [{}, { name: '' }, { other: 1 }]) {
    const reason = await peer.reason('account/user_query', { filters: none })
    assert.equal(reason, 'Must provide at least 1 filter')
  }
})

test('ids that an application made are found as they are written', async (t) => {
  const { authority, visit } = await openFixture(t)
  const imported = await authority.actors.import({ id: 'Player-7', name: 'seven' })
  assert.ok(imported.ok)
  const peer = await visit('ada')
  const { message } = await peer.ask('account/user_query', { filters: { id: ['Player-7'] } })
  assert.deepEqual(message['users'], [{ id: 'Player-7', name: 'seven' }])
  const direct = { to_id: 'Player-7', content: 'hi' }
  assert.equal((await peer.ask('communication/send_direct_message', direct)).name, 'system/success')
})

test('an account is closed to unauthenticated clients and to impersonators', async (t) => {
  const { connect, register, authority } = await openFixture(t)
  const ada = await register('ada')
  await register('root', ['admin'])
  const commands: readonly (readonly [string, object])[] = [
    ['account/change_password', { current_password: PASSWORD, new_password: 'another password' }],
    ['account/revoke_tokens', {}],
    ['account/update', { password: PASSWORD }],
  ]
  for (const [name, given] of commands) {
    assert.equal(await connect().reason(name, given), 'Must be logged in')
  }
  const own = await authority.login({ identity: 'root', password: PASSWORD })
  assert.ok(own.ok)
  const parent = await authority.authenticate(own.token)
  assert.ok(parent.ok)
  const begun = await authority.sessions.impersonate(parent, ada)
  assert.ok(begun.ok)
  const peer = await connect().login(begun.token)
  for (const [name, given] of [...commands, ['sessions/list', {}] as const]) {
    assert.equal(await peer.reason(name, given), 'Not while acting as another')
  }
  const { impersonator } = (await peer.ask('sessions/current')).message
  assert.equal((impersonator as { name: string }).name, 'root')
})

test('an anonymous session is not a user: it finds no user and sends no message', async (t) => {
  const { connect, authority, register } = await openFixture(t)
  const ada = await register('ada')
  const visitor = await authority.sessions.loginAnonymous()
  const peer = await connect().login(visitor.ok ? visitor.token : '')
  assert.equal((await peer.ask('connections/whoami')).name, 'connections/youare')
  const query = { filters: { name: 'ada' } }
  assert.equal(await peer.reason('account/user_query', query), 'Must be logged in')
  const message = { to_id: ada, content: 'hello' }
  const sent = await peer.reason('communication/send_direct_message', message)
  assert.equal(sent, 'Must be logged in')
})
