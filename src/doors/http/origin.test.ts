import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Fixture, openFixture, PASSWORD, refused } from '../../../test/support/http-door.ts'
import { isAllowedHost } from '../../http/index.ts'
import { ROUTES } from './routes.ts'

type Headers = Readonly<Record<string, string>>

const HERE = 'http://localhost'

/** Which requests of a browser are of this origin. */
const MATRIX: readonly [string, Headers, boolean][] = [
  ['its own origin', { origin: HERE }, true],
  ['its own origin over TLS', { origin: 'https://localhost' }, true],
  [
    'its own origin, whatever the other header says',
    { origin: HERE, 'sec-fetch-site': 'none' },
    true,
  ],
  ['no origin but same-origin fetch', { 'sec-fetch-site': 'same-origin' }, true],
  ['another origin', { origin: 'https://evil.example' }, false],
  [
    'another origin that claims to be the same',
    { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
    false,
  ],
  ['another port', { origin: 'http://localhost:81' }, false],
  ['a host that begins alike', { origin: 'http://localhost.evil.example' }, false],
  ['a path after the origin', { origin: 'http://localhost/' }, false],
  ['another scheme', { origin: 'ftp://localhost' }, false],
  ['an opaque origin', { origin: 'null' }, false],
  [
    'an opaque origin that claims to be the same',
    { origin: 'null', 'sec-fetch-site': 'same-origin' },
    false,
  ],
  ['an empty origin', { origin: '' }, false],
  ['two origins', { origin: `${HERE}, ${HERE}` }, false],
  ['same site only', { 'sec-fetch-site': 'same-site' }, false],
  ['cross site', { 'sec-fetch-site': 'cross-site' }, false],
  ['typed by the user', { 'sec-fetch-site': 'none' }, false],
  ['neither header', {}, false],
]

const loginBody = { identity: 'ada', password: PASSWORD, cookie: true }

async function originFixture(door: Parameters<typeof openFixture>[0] = {}): Promise<Fixture> {
  const fixture = await openFixture(door)
  await fixture.person('ada')
  return fixture
}

for (const [name, headers, allowed] of MATRIX) {
  test(`an unsafe method by cookie is ${allowed ? 'allowed' : 'refused'} with ${name}`, async () => {
    await using fixture = await originFixture()
    const cookie = await fixture.cookieOf('ada')
    const reply = await fixture.ask('DELETE /v1/session', { cookie, headers })
    if (allowed) assert.equal(reply.status, 204)
    else refused(reply, 403, 'origin_refused')
    const still = await fixture.ask('GET /v1/session', { cookie })
    assert.equal(still.status, allowed ? 401 : 200)
  })

  test(`a login that sets a cookie is ${allowed ? 'allowed' : 'refused'} with ${name}`, async () => {
    await using fixture = await originFixture()
    const reply = await fixture.ask('POST /v1/sessions', { body: loginBody, headers })
    if (allowed) assert.equal(reply.status, 201)
    else refused(reply, 403, 'origin_refused')
    assert.equal(reply.cookies.length > 0, allowed)
    const { items } = await fixture.authority.sessions.list({})
    assert.equal(items.length, allowed ? 2 : 1)
  })
}

test('every unsafe route refuses a cookie from another origin before it changes anything', async () => {
  await using fixture = await openFixture()
  await fixture.person('root', ['admin', 'introspect'])
  const cookie = await fixture.cookieOf('root')
  const unsafe = ROUTES.filter((route) => route.method !== 'GET' && route.ignoresToken !== true)
  assert.ok(unsafe.length > 15)
  for (const { method, path, query } of unsafe) {
    const where = path.replaceAll(/:\w+/g, 'x') + (query ? `?${query.name}=${query.value}` : '')
    const headers = { origin: 'https://evil.example' }
    refused(await fixture.ask(`${method} ${where}`, { cookie, headers }), 403, 'origin_refused')
  }
  assert.equal((await fixture.ask('GET /v1/session', { cookie })).status, 200)
})

test('reading with a cookie needs no origin', async () => {
  await using fixture = await originFixture()
  const cookie = await fixture.cookieOf('ada')
  for (const path of ['/v1/session', '/v1/sessions']) {
    const headers = { origin: 'https://evil.example' }
    assert.equal((await fixture.ask(`GET ${path}`, { cookie, headers })).status, 200)
  }
})

test('no answer allows another origin to read it', async () => {
  await using fixture = await originFixture()
  const { token } = await fixture.login('ada')
  const headers = { origin: 'https://evil.example', 'access-control-request-method': 'DELETE' }
  for (const what of ['GET /v1/session', 'OPTIONS /v1/session', 'GET /openapi.json']) {
    const reply = await fixture.ask(what, { token, headers })
    const allowing = [...reply.headers.keys()].filter((name) => name.startsWith('access-control'))
    assert.deepEqual(allowing, [])
  }
})

test('a bearer token needs no origin', async () => {
  await using fixture = await originFixture()
  const { token } = await fixture.login('ada')
  const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  assert.equal((await fixture.ask('DELETE /v1/session', { token, headers })).status, 204)
})

test('behind a proxy the public URL is the origin, and the inner host is not', async () => {
  await using fixture = await originFixture({ door: { publicUrl: 'https://login.example/auth/' } })
  for (const [origin, allowed] of [
    ['https://login.example', true],
    ['http://login.example', false],
    ['https://login.example:8443', false],
    [HERE, false],
    ['https://localhost', false],
  ] as const) {
    const reply = await fixture.ask('POST /v1/sessions', { body: loginBody, headers: { origin } })
    assert.equal(reply.status, allowed ? 201 : 403, origin)
  }
  const fetched = { 'sec-fetch-site': 'same-origin' }
  const reply = await fixture.ask('POST /v1/sessions', { body: loginBody, headers: fetched })
  assert.equal(reply.status, 201)
})

test('the origin is compared with the Host of the request', async () => {
  await using fixture = await originFixture()
  const headers = { host: 'app.example:9000', origin: 'https://app.example:9000' }
  assert.equal((await fixture.ask('POST /v1/sessions', { body: loginBody, headers })).status, 201)
  const other = { host: 'app.example:9000', origin: HERE }
  refused(
    await fixture.ask('POST /v1/sessions', { body: loginBody, headers: other }),
    403,
    'origin_refused',
  )
})

test('development serves loopback hosts and refuses every other, on every path', async () => {
  await using fixture = await openFixture({ door: { development: true } })
  for (const host of [
    'localhost',
    'LOCALHOST:8080',
    'app.localhost:1',
    '127.0.0.1:8080',
    '[::1]:8080',
  ]) {
    assert.equal((await fixture.ask('GET /healthz', { headers: { host } })).status, 200, host)
  }
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.2.nip.io',
    'evil.example:8080',
    'localhost:80:80',
    'localhost@evil.example',
    '0.0.0.0',
    ' ',
    'a.b.localhost',
  ]) {
    for (const path of ['/healthz', '/v1/session', '/nowhere']) {
      refused(await fixture.ask(`GET ${path}`, { headers: { host } }), 403, 'origin_refused')
    }
  }
})

test('production serves any host, or those allowed where some are', async () => {
  await using any = await openFixture()
  const evil = { host: 'evil.example' }
  assert.equal((await any.ask('GET /healthz', { headers: evil })).status, 200)
  const allowedHosts = ['Login.example', 'other.example:8443']
  await using some = await openFixture({ door: { allowedHosts } })
  for (const [host, status] of [
    ['login.example', 200],
    ['LOGIN.example:443', 200],
    ['other.example:8443', 200],
    ['other.example', 403],
    ['other.example:1', 403],
    ['evil.example', 403],
    ['localhost', 403],
    ['login.example.evil.example', 403],
  ] as const) {
    assert.equal((await some.ask('GET /healthz', { headers: { host } })).status, status, host)
  }
})

test('in development allowed hosts are added to the loopback ones', () => {
  assert.ok(isAllowedHost('dev.test:8080', ['dev.test'], true))
  assert.ok(isAllowedHost('localhost', ['dev.test'], true))
  assert.ok(!isAllowedHost('dev.test', [], true))
})

test('a route with its secret in the body ignores a cookie and needs no origin', async () => {
  await using fixture = await originFixture()
  const cookie = await fixture.cookieOf('ada')
  const { renewal } = await fixture.login('ada')
  const code = await fixture.authority.actors.createClaimCode()
  for (const [what, body, status] of [
    ['POST /v1/session/renew', { renewal }, 200],
    ['POST /v1/sessions/anonymous', {}, 201],
    ['POST /v1/bootstrap', { code, name: 'root', password: PASSWORD }, 201],
  ] as const) {
    const reply = await fixture.ask(what, { body, cookie })
    assert.deepEqual([reply.status, reply.cookies], [status, []])
  }
  assert.equal((await fixture.ask('GET /v1/session', { cookie })).status, 200)
})
