import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  openAuthority,
  openRequest,
  plainVerifier,
  webUser,
} from '../../test/support/web/request.ts'
import { authenticate, authenticationStep } from './authentication.ts'
import {
  type Authenticator,
  apiKeyAuthenticator,
  basicAuthenticator,
  bearerAuthenticator,
  tokenAuthenticator,
} from './authenticators.ts'
import { passwordVerifier } from './password-verifier.ts'
import { sessionAuthenticator } from './session-authenticator.ts'
import { userDirectory } from './user-directory.ts'
import { inMemoryUsers } from './user-provider.ts'

const colon = { ...webUser(2, 'bob'), getHashedPassword: () => 'hashed:with:colons' }
const users = inMemoryUsers([webUser(1, 'ada', ['reports']), colon])
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

async function whoIs(
  t: TestContext,
  authenticators: readonly Authenticator[],
  request: Parameters<typeof openRequest>[1],
): Promise<string | null> {
  const { authority } = await openAuthority(t, { directory: userDirectory(users) })
  const { exchange } = await openRequest({ authority }, request)
  return (await authenticate(exchange, authenticators))?.displayName ?? null
}

test('Basic accepts passwords with colons, and nothing malformed', async (t) => {
  const one = [basicAuthenticator(users, plainVerifier)]
  const cases: [string, string | null][] = [
    [basic('ada:ada-secret'), 'ada'],
    [basic('ada:ada-secret').replace('Basic', 'bAsIc'), 'ada'],
    [basic('bob:with:colons'), 'bob'],
    [basic('ada:wrong'), null],
    [basic('ada:'), null],
    [basic('ada'), null],
    [basic('nobody:ada-secret'), null],
    ['Basic', null],
    ['Basic !!!', null],
    [`Basic  ${basic('ada:ada-secret').slice(6)}`, null],
    [`Bearer ${basic('ada:ada-secret').slice(6)}`, null],
  ]
  for (const [authorization, expected] of cases) {
    assert.equal(await whoIs(t, one, { headers: { authorization } }), expected, authorization)
  }
  assert.throws(() => basicAuthenticator(users, plainVerifier, { realm: 'a"b' }), TypeError)
})

test('a token needs exactly its scheme and one value', async (t) => {
  const one = [tokenAuthenticator(users, 'Token'), bearerAuthenticator(users)]
  const cases: [string, string | null][] = [
    ['Token ada-token', 'ada'],
    ['tOkEn ada-token', 'ada'],
    ['Bearer ada-token', 'ada'],
    ['Bearer ada', null],
    ['Token wrong', null],
    ['Other ada-token', null],
    ['Token', null],
    ['Token ada-token more', null],
    ['', null],
  ]
  for (const [authorization, expected] of cases) {
    assert.equal(await whoIs(t, one, { headers: { authorization } }), expected, authorization)
  }
})

test('an API key is in the header, and in the query only if it is named', async (t) => {
  const plain = [apiKeyAuthenticator(users)]
  const named = [apiKeyAuthenticator(users, { query: 'apikey', header: 'X-Key' })]
  const key = { 'x-api-key': 'ada-token' }
  assert.equal(await whoIs(t, plain, { headers: key }), 'ada')
  assert.equal(await whoIs(t, plain, { headers: { 'x-api-key': '' } }), null)
  assert.equal(await whoIs(t, plain, { headers: { 'x-api-key': 'wrong' } }), null)
  assert.equal(await whoIs(t, plain, { url: '/?apikey=ada-token' }), null)
  assert.equal(await whoIs(t, named, { url: '/?apikey=ada-token' }), 'ada')
  assert.equal(
    await whoIs(t, named, { headers: { 'x-key': 'bob-token' }, url: '/?apikey=ada-token' }),
    'ada',
  )
  assert.equal(
    await whoIs(t, named, { headers: { 'x-key': 'ada-token' }, url: '/?apikey=' }),
    'ada',
  )
  assert.equal(
    await whoIs(t, named, { headers: { 'x-key': 'ada-token' }, url: '/?apikey=x' }),
    null,
  )
})

test('of several authenticators the first that finds a user counts, and only then is there no challenge', async (t) => {
  const { authority } = await openAuthority(t, { directory: userDirectory(users) })
  const authenticators = [
    basicAuthenticator(users, plainVerifier, { realm: 'here' }),
    sessionAuthenticator(users, { secretKey: 'k' }),
    apiKeyAuthenticator(users),
  ]
  const step = authenticationStep({ authenticators, onFailure: 'throw' })
  const { exchange } = await openRequest({ authority }, { headers: { 'x-api-key': 'ada-token' } })
  assert.equal(await step(exchange), null)
  assert.deepEqual([exchange.auth.displayName, exchange.auth.session], ['ada', null])
  const none = await openRequest({ authority }, { headers: { authorization: basic('ada:wrong') } })
  const reply = await step(none.exchange)
  assert.equal(reply?.status, 401)
  assert.equal(reply?.headers['www-authenticate'], 'Basic realm="here", charset="UTF-8"')
  const quiet = authenticationStep({ authenticators, onFailure: 'continue' })
  assert.equal(await quiet(none.exchange), null)
  assert.equal(none.exchange.auth.isAnonymous, true)
})

test('without a challenge the failure is an error with its text', async (t) => {
  const { authority } = await openAuthority(t)
  const step = authenticationStep({
    authenticators: [bearerAuthenticator(users)],
    onFailure: 'throw',
  })
  const { exchange } = await openRequest({ authority })
  await assert.rejects(async () => step(exchange), {
    name: 'AuthenticationError',
    message: 'Could not authenticate request.',
    status: 401,
    code: 'token_missing',
  })
})

test('options of authentication that are not valid are refused when it is created', () => {
  const authenticators = [bearerAuthenticator(users)]
  for (const options of [
    { authenticators: [] },
    { authenticators, onFailure: 'explode' },
    { authenticators, onFailure: 'redirect' },
    { authenticators, onFailure: { redirect: null } },
    { authenticators, onFailure: { redirect: '//evil.example' } },
    { authenticators, onFailure: null },
    { authenticators, include: ['admin'] },
    { authenticators, exclude: ['*'] },
  ]) {
    assert.throws(() => Reflect.apply(authenticationStep, null, [options]), {
      code: 'invalid_request',
    })
  }
})

test('a provider that throws is an error, one that hangs ends at its deadline, and its API key look-up too', async (t) => {
  const { authority } = await openAuthority(t, { directory: userDirectory(users) })
  const broken = { ...users, findByToken: () => Promise.reject(new Error('the database is down')) }
  const { exchange } = await openRequest({ authority }, { headers: { 'x-api-key': 'ada-token' } })
  await assert.rejects(async () => authenticate(exchange, [apiKeyAuthenticator(broken)]), {
    message: 'the database is down',
  })
})

test('the verifier of the authority reads its own and foreign hashes', async () => {
  const verifier = passwordVerifier({ memoryKiB: 8, passes: 1 })
  const hash = await verifier.hash('quiet river stone')
  assert.equal(await verifier.verify('quiet river stone', hash), true)
  assert.equal(await verifier.verify('wrong', hash), false)
  assert.equal(await verifier.verify('wrong', 'no hash'), false)
})
