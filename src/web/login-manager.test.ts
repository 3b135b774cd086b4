import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  cookiesAfter,
  openAuthority,
  openRequest,
  plainVerifier,
  webUser,
} from '../../test/support/web/request.ts'
import { authenticate } from './authentication.ts'
import { sessionOf } from './exchange.ts'
import { imiaDigest } from './fingerprint.ts'
import { activeUser, allowAddresses, LoginRefused, verifiedEmail } from './guards.ts'
import { LoginManager } from './login-manager.ts'
import { loginUser } from './login-user.ts'
import { sessionAuthenticator } from './session-authenticator.ts'
import type { SessionOptions } from './session-options.ts'
import type { UserLike } from './user.ts'
import { userDirectory } from './user-directory.ts'
import { inMemoryUsers, type UserProvider } from './user-provider.ts'

const KEY = 'a secret key'

async function setUp(t: TestContext, list: readonly UserLike[] = [webUser(1, 'ada')]) {
  const users = inMemoryUsers(list)
  const { authority, clock } = await openAuthority(t, { directory: userDirectory(users) })
  return { users, authority, clock, manager: new LoginManager(users, plainVerifier, KEY) }
}

/** Returns who a further request with these cookies is. */
async function whoIs(options: SessionOptions, users: UserProvider, cookie: string) {
  const { exchange } = await openRequest(options, { headers: { cookie } })
  return authenticate(exchange, [sessionAuthenticator(users, { secretKey: KEY })])
}

test('guards run in order, those before the password first, and each may refuse', async (t) => {
  const { manager, authority } = await setUp(t)
  const order: string[] = []
  const guard = (name: string) => () => void order.push(name)
  const { native } = await openRequest({ authority })
  const login = (guards: Parameters<typeof manager.login>[3]) =>
    manager.login(native, 'ada', 'ada-secret', guards)
  await login({
    guards: [
      guard('after 1'),
      { when: 'before', check: guard('before 1') },
      async () => void order.push('after 2'),
      { when: 'before', check: async () => void order.push('before 2') },
    ],
  })
  assert.deepEqual(order, ['before 1', 'before 2', 'after 1', 'after 2'])
})

test('ready guards refuse inactive users, unconfirmed addresses and other networks', async (t) => {
  const list = [
    { ...webUser(1, 'ada'), isActive: () => false, isEmailVerified: () => true },
    { ...webUser(2, 'bob'), isEmailVerified: () => false },
    webUser(3, 'eve'),
  ]
  const { manager, authority } = await setUp(t, list)
  const { native } = await openRequest({ authority }, { peer: '198.51.100.7' })
  const login = (name: string, guards: Parameters<typeof manager.login>[3]) =>
    manager.login(native, name, `${name}-secret`, guards)
  const refusedBy = (guard: string) => (error: unknown) =>
    error instanceof LoginRefused && error.guard === guard && error.code === 'access_denied'
  await assert.rejects(login('ada', { guards: [activeUser] }), refusedBy('activeUser'))
  await assert.rejects(login('bob', { guards: [verifiedEmail] }), refusedBy('verifiedEmail'))
  await assert.rejects(login('eve', { guards: [verifiedEmail] }), refusedBy('verifiedEmail'))
  await assert.rejects(
    login('bob', { guards: [allowAddresses('192.0.2.0/24')] }),
    refusedBy('allowAddresses'),
  )
  const token = await login('bob', { guards: [activeUser, allowAddresses('198.51.100.0/24')] })
  assert.equal(token.displayName, 'bob')
  assert.equal(await authority.sessions.count(), 1)
})

test('after five wrong passwords the next login is refused at once', async (t) => {
  const { manager, authority } = await setUp(t)
  const { native } = await openRequest({ authority })
  for (let at = 0; at < 5; at++) {
    assert.equal((await manager.login(native, 'ada', 'wrong')).isAuthenticated, false)
  }
  const startedAt = performance.now()
  await assert.rejects(manager.login(native, 'ada', 'ada-secret'), { code: 'throttled' })
  assert.ok(performance.now() - startedAt < 2_000, 'it waited for an attempt that has ended')
})

test('a guard that refuses does not count as a wrong password', async (t) => {
  const { manager, authority } = await setUp(t)
  const { native } = await openRequest({ authority })
  const refuse = () => {
    throw new Error('not now')
  }
  for (const guards of [[refuse], [{ when: 'before' as const, check: refuse }]]) {
    for (let attempt = 0; attempt < 8; attempt++) {
      const login = manager.login(native, 'ada', 'ada-secret', { guards })
      await assert.rejects(login, { message: 'not now' })
    }
  }
  assert.equal((await manager.login(native, 'ada', 'ada-secret')).isAuthenticated, true)
})

test('loginOrNull returns null, and credentials that are no text are wrong', async (t) => {
  const { manager, authority } = await setUp(t)
  const { native } = await openRequest({ authority })
  assert.equal(await manager.loginOrNull(native, 'ada', 'wrong'), null)
  for (const credential of [undefined, null, ['ada-secret'], { toString: () => 'ada-secret' }]) {
    const token = await Reflect.apply(manager.login, manager, [native, 'ada', credential])
    assert.equal(token.isAuthenticated, false)
  }
  const user = await manager.loginOrNull(native, 'ada', 'ada-secret')
  assert.equal(user?.userId, '1')
})

test('an unknown user costs a verification of the same kind', async (t) => {
  const { users, authority } = await setUp(t)
  const verified: string[] = []
  const verifier = {
    verify(plain: string, hashed: string) {
      verified.push(hashed)
      return plainVerifier.verify(plain, hashed)
    },
  }
  const manager = new LoginManager(users, verifier, KEY)
  const { native } = await openRequest({ authority })
  await manager.login(native, 'ada', 'wrong')
  // The hash is that of another user, and a right password for it does not log in the unknown one.
  const token = await manager.login(native, 'nobody', 'ada-secret')
  assert.equal(token.isAuthenticated, false)
  assert.deepEqual(verified, ['hashed:ada-secret', 'hashed:ada-secret'])
})

test('a provider that throws is an error of the login, and one that hangs ends at the deadline', async (t) => {
  const { authority, users } = await setUp(t)
  const { native } = await openRequest({ authority })
  const failing = { ...users, findByUsername: () => Promise.reject(new Error('no database')) }
  const broken = new LoginManager(failing, plainVerifier, KEY)
  await assert.rejects(broken.login(native, 'ada', 'ada-secret'), { message: 'no database' })
  const hanging = { ...users, findByUsername: () => new Promise<never>(() => undefined) }
  const slow = new LoginManager(hanging, plainVerifier, KEY, { timeoutMs: 20 })
  await assert.rejects(slow.login(native, 'ada', 'ada-secret'), { code: 'timeout', status: 504 })
  assert.equal(await authority.sessions.count(), 0)
})

test('a provider whose look-ups are slow is asked once a request', async (t) => {
  const { authority, users, manager } = await setUp(t)
  const { native, exchange } = await openRequest({ authority })
  await manager.login(native, 'ada', 'ada-secret')
  const cookie = await cookiesAfter(exchange)
  let asked = 0
  const counted = {
    ...users,
    async findById(id: string) {
      asked += 1
      return users.findById(id)
    },
  }
  assert.equal((await whoIs({ authority }, counted, cookie))?.displayName, 'ada')
  assert.equal(asked, 1)
})

test('the id of a user may change its type', async (t) => {
  const { authority, users, manager } = await setUp(t)
  const { native, exchange } = await openRequest({ authority })
  sessionOf(native)['draft'] = 1
  await manager.login(native, 'ada', 'ada-secret')
  const cookie = await cookiesAfter(exchange)
  const texts = inMemoryUsers([webUser('1', 'ada')])
  assert.equal((await whoIs({ authority }, texts, cookie))?.userId, '1')
  const again = await openRequest({ authority }, { headers: { cookie } })
  await loginUser(again.native, webUser('1', 'ada'), KEY, { users })
  assert.deepEqual({ ...sessionOf(again.native) }, { draft: 1 })
})

test('a user that the directory of the authority does not have is named in the error', async (t) => {
  const { authority } = await openAuthority(t)
  const { native } = await openRequest({ authority })
  await assert.rejects(loginUser(native, webUser(1, 'ada'), KEY), {
    code: 'not_found',
    message: /userDirectory/,
  })
})

test('a user that may not log in is refused by the directory', async (t) => {
  const user = { ...webUser(1, 'ada'), isActive: () => false }
  const { manager, authority } = await setUp(t, [user])
  const { native } = await openRequest({ authority })
  await assert.rejects(manager.login(native, 'ada', 'ada-secret'), { code: 'actor_suspended' })
})

test('a session of imia is accepted once: then it has an owner, a new secret and a fingerprint', async (t) => {
  const { authority, users } = await setUp(t)
  const { native, exchange } = await openRequest({ authority })
  const moved = sessionOf(native)
  moved['_auth_user_id'] = 1
  moved['cart'] = [1]
  exchange.state.hash = imiaDigest(KEY, 'hashed:ada-secret')
  const old = await cookiesAfter(exchange)
  const first = await openRequest({ authority }, { headers: { cookie: old } })
  const authenticator = sessionAuthenticator(users, { secretKey: KEY })
  const token = await authenticate(first.exchange, [authenticator])
  assert.equal(token?.displayName, 'ada')
  const cookie = await cookiesAfter(first.exchange)
  assert.notEqual(cookie, old)
  assert.equal(await whoIs({ authority }, users, old), null)
  const next = await openRequest({ authority }, { headers: { cookie } })
  assert.equal((await authenticate(next.exchange, [authenticator]))?.displayName, 'ada')
  assert.deepEqual({ ...sessionOf(next.native) }, { cart: [1] })
  assert.equal(await authority.sessions.count({ owner: '1' }), 1)

  const forged = await openRequest({ authority })
  sessionOf(forged.native)['_auth_user_id'] = 1
  forged.exchange.state.hash = imiaDigest('another key', 'hashed:ada-secret')
  const wrong = await cookiesAfter(forged.exchange)
  assert.equal(await whoIs({ authority }, users, wrong), null)
})

test('without sessions of an adapter the error says what to install', async (t) => {
  const { manager } = await setUp(t)
  await assert.rejects(manager.login({}, 'ada', 'x'), {
    code: 'invalid_request',
    message: /sessions/,
  })
})
