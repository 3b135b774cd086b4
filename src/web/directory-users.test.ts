import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { cookiesAfter, openAuthority, openRequest } from '../../test/support/web/request.ts'
import { authenticate } from './authentication.ts'
import { bearerAuthenticator } from './authenticators.ts'
import { directoryUsers } from './directory-users.ts'
import { exchangeOf } from './exchange.ts'
import { getSession } from './get-session.ts'
import { LoginManager } from './login-manager.ts'
import { passwordVerifier } from './password-verifier.ts'
import { sessionAuthenticator } from './session-authenticator.ts'

const PASSWORD = 'quiet river stone'

async function setUp(t: TestContext) {
  const { authority, clock } = await openAuthority(t)
  const registered = await authority.actors.register({ name: 'ada', password: PASSWORD })
  assert.ok(registered.ok)
  const users = directoryUsers(authority)
  const manager = new LoginManager(users, passwordVerifier({ memoryKiB: 8, passes: 1 }), 'key')
  const whoIs = async (cookie: string) => {
    const { exchange } = await openRequest({ authority }, { headers: { cookie } })
    return authenticate(exchange, [sessionAuthenticator(users)])
  }
  return { authority, clock, users, manager, whoIs, id: registered.actor.id }
}

test('users of the authority log in with its verifier, and a changed password ends their other sessions', async (t) => {
  const { authority, manager, whoIs, id } = await setUp(t)
  const { native, exchange } = await openRequest({ authority })
  assert.equal((await manager.login(native, 'ada', 'wrong')).isAuthenticated, false)
  assert.equal((await manager.login(native, 'nobody', PASSWORD)).isAuthenticated, false)
  const token = await manager.login(native, 'ADA', PASSWORD)
  assert.deepEqual([token.userId, token.displayName, token.scopes], [id, 'ada', ['user']])
  const cookie = await cookiesAfter(exchange)
  assert.equal((await whoIs(cookie))?.userId, id)
  const change = { actorId: id, currentPassword: PASSWORD, next: 'another quiet river' }
  const changed = await authority.credentials.changePassword(change)
  assert.ok(changed.ok)
  assert.equal(await whoIs(cookie), null)
})

test('guessing is throttled by the authority, and a suspended user is refused', async (t) => {
  const { authority, manager, id } = await setUp(t)
  const { native } = await openRequest({ authority })
  for (let attempt = 0; attempt < 5; attempt++) await manager.login(native, 'ada', 'wrong')
  await assert.rejects(manager.login(native, 'ada', PASSWORD), { code: 'throttled' })
  const other = await setUp(t)
  await other.authority.actors.suspend(other.id)
  const request = await openRequest({ authority: other.authority })
  await assert.rejects(other.manager.login(request.native, 'ada', PASSWORD), {
    code: 'actor_suspended',
  })
  assert.notEqual(id, other.id)
})

test('a session of another door is the login of a request, and gets its fingerprint', async (t) => {
  const { authority, users, whoIs, id } = await setUp(t)
  const login = await authority.login({ identity: 'ada', password: PASSWORD })
  assert.ok(login.ok)
  const cookie = `__Host-latchkey=${login.token}`
  assert.equal((await whoIs(cookie))?.userId, id)
  const { native } = await openRequest({ authority }, { headers: { cookie } })
  assert.equal(getSession(native)?.actor.name, 'ada')
  assert.notEqual(exchangeOf(native).state.hash, null)
  const bearer = await openRequest(
    { authority },
    { headers: { authorization: `Bearer ${login.token}` } },
  )
  const token = await authenticate(bearer.exchange, [bearerAuthenticator(users)])
  assert.equal(token?.displayName, 'ada')
})

test('a login whose password was changed during it gets no session', async (t) => {
  const { authority, users, manager, id } = await setUp(t)
  const { native } = await openRequest({ authority })
  const change = { actorId: id, currentPassword: PASSWORD, next: 'another quiet river' }
  const guards = [() => authority.credentials.changePassword(change)]
  await assert.rejects(manager.login(native, 'ada', PASSWORD, { guards }), { code: 'conflict' })
  assert.equal(await authority.sessions.count({ owner: id }), 0)
  assert.equal((await users.findById(id))?.getDisplayName(), 'ada')
})

test('two first requests of a session of another door at the same time both have the login', async (t) => {
  const { authority, users } = await setUp(t)
  const login = await authority.login({ identity: 'ada', password: PASSWORD })
  assert.ok(login.ok)
  const open = () =>
    openRequest({ authority }, { headers: { cookie: `__Host-latchkey=${login.token}` } })
  const requests = await Promise.all([open(), open()])
  const tokens = await Promise.all(
    requests.map(({ exchange }) => authenticate(exchange, [sessionAuthenticator(users)])),
  )
  assert.deepEqual(
    tokens.map((token) => token?.displayName),
    ['ada', 'ada'],
  )
})
