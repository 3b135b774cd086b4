import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openFixture } from '../../../test/support/http-door.ts'

const PAGE = 'https://app.example'
const door = { corsOrigins: [PAGE] }

const preflight = (origin: string) => ({
  headers: {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type',
  },
})

test('the public keys and the metadata may be read by pages of every origin', async () => {
  await using fixture = await openFixture()
  for (const path of ['jwks.json', 'oauth-authorization-server', 'oauth-protected-resource']) {
    const what = `/.well-known/${path}`
    for (const headers of [{}, { origin: 'https://any.example' }]) {
      const reply = await fixture.ask(`GET ${what}`, { headers })
      assert.equal(reply.status, 200)
      assert.equal(reply.headers.get('access-control-allow-origin'), '*')
    }
    const asked = await fixture.ask(`OPTIONS ${what}`, preflight('https://any.example'))
    assert.equal(asked.status, 204)
    assert.equal(asked.headers.get('access-control-allow-origin'), '*')
  }
})

test('a page of an allowed origin reads every route with a bearer token, without cookies', async () => {
  await using fixture = await openFixture({ door })
  const { token } = await fixture.person('ada')
  for (const [what, status] of [
    ['GET /v1/session', 200],
    ['GET /v1/sessions', 200],
    ['DELETE /v1/sessions/unknown', 404],
    ['GET /nothing', 404],
  ] as const) {
    const reply = await fixture.ask(what, { token, headers: { origin: PAGE } })
    assert.equal(reply.headers.get('access-control-allow-origin'), PAGE, what)
    assert.equal(reply.headers.get('access-control-allow-credentials'), null)
    assert.match(reply.headers.get('vary') ?? '', /origin/)
    assert.equal(reply.status, status, what)
  }
  const asked = await fixture.ask('OPTIONS /v1/password', preflight(PAGE))
  assert.equal(asked.status, 204)
  assert.deepEqual(
    ['origin', 'methods', 'headers'].map((name) =>
      asked.headers.get(`access-control-allow-${name}`),
    ),
    [PAGE, 'GET, POST, PUT, DELETE', 'authorization, content-type'],
  )
})

test('a page of another origin reads nothing, and a cookie stays refused to it', async () => {
  await using fixture = await openFixture({ door })
  await fixture.person('ada')
  const cookie = await fixture.cookieOf('ada')
  for (const origin of ['https://evil.example', `${PAGE}.evil.example`, 'null']) {
    const reply = await fixture.ask('GET /v1/session', { cookie, headers: { origin } })
    assert.equal(reply.headers.get('access-control-allow-origin'), null)
    assert.match(reply.headers.get('vary') ?? '', /origin/)
    const asked = await fixture.ask('OPTIONS /v1/password', preflight(origin))
    assert.equal(asked.headers.get('access-control-allow-origin'), null)
  }
  const reply = await fixture.ask('DELETE /v1/session', { cookie, headers: { origin: PAGE } })
  assert.equal(reply.body['code'], 'origin_refused')
})
