import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { granted, openFixture, PASSWORD, refused, unlock } from '../../../test/support/grpc-door.ts'
import { Agent, Sessions } from '../../protocol/grpc/index.ts'

const MINUTE = 60_000
const password = (value: string) => ({ case: 'password', value }) as const

test('unlocking gives a signed token that every call takes, and that lives ten minutes', async (t) => {
  const { authority, client, clock } = await openFixture(t)
  await authority.actors.register({ name: 'ada', password: PASSWORD })
  const asked = { identity: 'Ada', passwordOrFile: password(PASSWORD) }
  const { value, next } = granted(await client.call(Agent, 'sessionUnlock', asked))
  assert.match(value.token, /^eyJ/)
  assert.equal(next, null)
  assert.equal(value.expiresAtMs, BigInt(clock.now() + 10 * MINUTE))
  const who = granted(await client.call(Sessions, 'whoAmI', {}, { token: value.token })).value
  assert.equal(who.actor?.name, 'ada')
  assert.deepEqual([who.session?.id, who.session?.profile], [value.sessionId, 'agent'])
  assert.equal(who.session?.door, 'grpc')
  clock.advance(10 * MINUTE)
  const late = await client.call(Sessions, 'whoAmI', {}, { token: value.token })
  assert.equal(refused(late, 'session_expired').name, 'ErrorSessionTokenInvalid')
})

test('without an identity the owner is unlocked, and without an owner no actor', async (t) => {
  const { authority, client } = await openFixture(t)
  const asked = { passwordOrFile: password(PASSWORD) }
  refused(await client.call(Agent, 'sessionUnlock', asked), 'credentials_invalid')
  await authority.actors.register({ name: 'ada', password: PASSWORD })
  refused(await client.call(Agent, 'sessionUnlock', asked), 'credentials_invalid')
  await authority.actors.register({ name: 'root', password: PASSWORD, roles: ['user', 'admin'] })
  const { token } = granted(await client.call(Agent, 'sessionUnlock', asked)).value
  const who = granted(await client.call(Sessions, 'whoAmI', {}, { token })).value
  assert.equal(who.actor?.name, 'root')
})

test('status calls of unauthenticated clients do not search all actors', async (t) => {
  const { authority, client } = await openFixture(t)
  const register = async (name: string) => {
    const outcome = await authority.actors.register({ name, password: PASSWORD, roles: ['admin'] })
    assert.ok(outcome.ok)
    return outcome.actor.id
  }
  const search = t.mock.method(authority.actors, 'search')
  const hasOwner = async () => granted(await client.call(Agent, 'agentStatus', {})).value.hasOwner
  assert.equal(await hasOwner(), false)
  const first = await register('ada')
  search.mock.resetCalls()
  const answers = await Promise.all(Array.from({ length: 50 }, hasOwner))
  assert.ok(answers.every((has) => has))
  assert.ok(search.mock.callCount() < 25, `${search.mock.callCount()} searches at once`)
  search.mock.resetCalls()
  for (let again = 0; again < 3; again++) assert.equal(await hasOwner(), true)
  assert.equal(search.mock.callCount(), 0)
  await register('bob')
  await authority.actors.setRoles(first, ['user'])
  assert.equal(await hasOwner(), true)
  assert.equal(search.mock.callCount(), 1)
})

test('passwords of any script unlock, and no other does', async (t) => {
  const { authority, client } = await openFixture(t)
  for (const [name, right] of [
    ['bo', 'ā quiet rīver ştone'],
    ['mei', '安静的河边有一块石头在'],
    ['zoe', '🦦🦦🦦🦦🦦🦦🦦🦦🦦'],
  ] as const) {
    await authority.actors.register({ name, password: right })
    const ask = (text: string) =>
      client.call(Agent, 'sessionUnlock', { identity: name, passwordOrFile: password(text) })
    granted(await ask(right))
    // What is left of it where characters are cut to bytes is another password.
    const told = refused(
      await ask(Buffer.from(right, 'latin1').toString('latin1')),
      'credentials_invalid',
    )
    assert.deepEqual([told.status, told.name], ['UNAUTHENTICATED', 'ErrorPassword'])
  }
})

test('a password file is the client’s to read, and no password is no password', async (t) => {
  const { client } = await openFixture(t)
  const file = { case: 'passwordFile', value: '/etc/hostname' } as const
  const told = refused(
    await client.call(Agent, 'sessionUnlock', { passwordOrFile: file }),
    'invalid_request',
  )
  assert.equal(told.status, 'INVALID_ARGUMENT')
  for (const asked of [{}, { passwordOrFile: password('') }]) {
    const none = refused(await client.call(Agent, 'sessionUnlock', asked), 'invalid_request')
    assert.equal(none.name, 'ErrorClientPasswordNotProvided')
  }
})

test('a client that guesses passwords must wait, and is told for how long', async (t) => {
  const fixture = await openFixture(t)
  const { authority, client, clock } = fixture
  await authority.actors.register({ name: 'ada', password: PASSWORD })
  const ask = (text: string) =>
    client.call(Agent, 'sessionUnlock', { identity: 'ada', passwordOrFile: password(text) })
  for (let guess = 0; guess < authority.settings.get('throttle.identityFree'); guess++) {
    refused(await ask('wrong'), 'credentials_invalid')
  }
  const told = refused(await ask(PASSWORD), 'throttled')
  assert.equal(told.status, 'RESOURCE_EXHAUSTED')
  assert.equal(told.retryAfterMs, authority.settings.get('throttle.identityBaseMs'))
  clock.advance(told.retryAfterMs ?? 0)
  granted(await ask(PASSWORD))
})

const WITH_SESSION = [
  [Agent, 'sessionRefresh'],
  [Agent, 'sessionLockAll'],
  [Agent, 'agentStop'],
  [Sessions, 'authenticate'],
  [Sessions, 'whoAmI'],
  [Sessions, 'list'],
  [Sessions, 'revoke'],
  [Sessions, 'revokeOthers'],
] as const

test('a call without a token is refused in the words of Polykey, with an ended one in others', async (t) => {
  const fixture = await openFixture(t)
  const { token } = await unlock(fixture, Agent, 'ada')
  await fixture.authority.sessions.lockAll()
  const ask = ([service, name]: (typeof WITH_SESSION)[number], asking: object) =>
    fixture.client.call(service as typeof Agent, name as 'agentStop', {}, asking)
  for (const call of WITH_SESSION) {
    for (const metadata of [{}, { authorization: 'Basic OnB3' }, { authorization: 'Bearer' }]) {
      const told = refused(await ask(call, { metadata }), 'token_missing')
      assert.equal(told.status, 'UNAUTHENTICATED')
      assert.equal(told.name, 'ErrorClientJWTTokenNotProvided')
      assert.equal(told.message, 'JWT Token not provided in metadata')
    }
    for (const [dead, code, reason] of [
      ['nonsense', 'token_invalid', undefined],
      [token, 'session_revoked', 'locked'],
    ] as const) {
      const told = refused(await ask(call, { token: dead }), code, reason)
      assert.deepEqual([told.status, told.name], ['UNAUTHENTICATED', 'ErrorSessionTokenInvalid'])
      assert.equal(told.message, 'Invalid JWT Token, please reauthenticate.')
    }
  }
})

test('the header may be written as Polykey wrote it', async (t) => {
  const fixture = await openFixture(t)
  const { token } = await unlock(fixture, Agent, 'ada')
  for (const authorization of [`Bearer: ${token}`, `bearer ${token}`, `Bearer:  ${token}`]) {
    granted(await fixture.client.call(Sessions, 'whoAmI', {}, { metadata: { authorization } }))
  }
})

test('the next token comes with an answer once it is due, and not before', async (t) => {
  const fixture = await openFixture(t)
  const { client, clock } = fixture
  const { token } = await unlock(fixture, Agent, 'ada')
  const ask = () => client.call(Sessions, 'whoAmI', {}, { token })
  assert.equal(granted(await ask()).next, null)
  clock.advance(5 * MINUTE - 1000)
  assert.equal(granted(await ask()).next, null)
  clock.advance(1000)
  const { next } = granted(await ask())
  assert.ok(next !== null && next !== token)
  granted(await ask())
  clock.advance(5 * MINUTE)
  refused(await ask(), 'session_expired')
  granted(await client.call(Sessions, 'whoAmI', {}, { token: next }))
})

test('a stream’s leading metadata carries the next token too', async (t) => {
  const fixture = await openFixture(t)
  const { token } = await unlock(fixture, Agent, 'ada')
  assert.equal(await (await fixture.client.watch(token)).open, null)
  fixture.clock.advance(5 * MINUTE)
  const next = await (await fixture.client.watch(token)).open
  granted(await fixture.client.call(Sessions, 'whoAmI', {}, { token: next ?? '' }))
})

test('asked for, the next token comes at any time, and the old one lives out its life', async (t) => {
  const fixture = await openFixture(t)
  const { client, clock } = fixture
  const { token, sessionId } = await unlock(fixture, Agent, 'ada')
  clock.advance(1000)
  const { value, next } = granted(await client.call(Agent, 'sessionRefresh', {}, { token }))
  assert.equal(next, null)
  assert.notEqual(value.token, token)
  assert.equal(value.sessionId, sessionId)
  for (const good of [token, value.token]) {
    granted(await client.call(Sessions, 'whoAmI', {}, { token: good }))
  }
})

test('locking all ends every session of the caller at once, and no other', async (t) => {
  const fixture = await openFixture(t)
  const { client, clock } = fixture
  const mine = await unlock(fixture, Agent, 'ada')
  const other = await unlock(fixture, Agent, 'ada')
  const bobs = await unlock(fixture, Agent, 'bob')
  clock.advance(6 * MINUTE)
  const answer = await client.call(Agent, 'sessionLockAll', {}, { token: mine.token })
  assert.deepEqual([granted(answer).value.success, granted(answer).next], [true, null])
  for (const { token } of [mine, other]) {
    refused(await client.call(Sessions, 'whoAmI', {}, { token }), 'session_revoked', 'locked')
  }
  granted(await client.call(Sessions, 'whoAmI', {}, { token: bobs.token }))
  await unlock(fixture, Agent, 'ada')
})

test('an impersonation does not lock the sessions of its target', async (t) => {
  const fixture = await openFixture(t)
  const ada = await unlock(fixture, Agent, 'ada')
  const root = await unlock(fixture, Agent, 'root', ['admin'])
  const current = await fixture.authority.authenticate(root.token)
  assert.ok(current.ok)
  const begun = await fixture.authority.sessions.impersonate(current, ada.actorId)
  assert.ok(begun.ok)
  const { token } = begun
  for (const name of ['sessionLockAll', 'agentStop'] as const) {
    refused(await fixture.client.call(Agent, name, {}, { token }), 'access_denied')
  }
  granted(await fixture.client.call(Sessions, 'whoAmI', {}, { token: ada.token }))
})

test('the status needs no session, and with one reports when it ends', async (t) => {
  const fixture = await openFixture(t)
  const ask = async (token?: string) =>
    granted(await fixture.client.call(Agent, 'agentStatus', {}, { token })).value
  const { version, pid, addresses, hasOwner, sessionExpiresAtMs } = await ask()
  assert.deepEqual([version, pid, hasOwner], ['1.2.3', BigInt(process.pid), false])
  assert.deepEqual([addresses[0]?.door, addresses[0]?.address], ['grpc', 'here'])
  assert.equal(sessionExpiresAtMs, 0n)
  const { token } = await unlock(fixture, Agent, 'root', ['admin'])
  const mine = await ask(token)
  assert.equal(mine.hasOwner, true)
  assert.equal(mine.sessionExpiresAtMs, BigInt(fixture.clock.now() + 10 * MINUTE))
  assert.equal((await ask('nonsense')).sessionExpiresAtMs, 0n)
})

test('an administrator stops the server, once it has answered; a user does not', async (t) => {
  const fixture = await openFixture(t)
  const user = await unlock(fixture, Agent, 'ada')
  refused(await fixture.client.call(Agent, 'agentStop', {}, { token: user.token }), 'access_denied')
  const stale = await unlock(fixture, Agent, 'root', ['admin'])
  fixture.clock.advance(8 * MINUTE)
  const { next } = granted(
    await fixture.client.call(Sessions, 'whoAmI', {}, { token: stale.token }),
  )
  fixture.clock.advance(8 * MINUTE)
  const late = await fixture.client.call(Agent, 'agentStop', {}, { token: next ?? '' })
  assert.equal(refused(late, 'step_up_required').maxAgeMs, 900_000)
  const { token } = await unlock(fixture, Agent, 'root')
  assert.equal(fixture.stops(), 0)
  granted(await fixture.client.call(Agent, 'agentStop', {}, { token }))
  await setImmediate()
  assert.equal(fixture.stops(), 1)
})
