import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Fixture, openFixture } from '../../../../test/support/http-door.ts'
import { CLIENT_SECRET, CLIENTS } from '../../../../test/support/oauth.ts'

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

interface Posting {
  readonly headers?: Record<string, string>
  readonly type?: string
}

async function post(
  { fetch }: Fixture,
  path: string,
  raw: string,
  { headers = {}, type = 'application/x-www-form-urlencoded' }: Posting = {},
): Promise<Answer> {
  const request = new Request(`http://localhost/oauth/${path}`, {
    method: 'POST',
    body: raw,
    headers: { ...headers, 'content-type': type },
  })
  const response = await fetch(request, { address: '192.0.2.1' })
  assert.equal(response.headers.get('cache-control'), 'no-store')
  return { status: response.status, headers: response.headers, body: await response.json() }
}

const basic = (id: string, secret: string) => ({
  authorization: `Basic ${btoa(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`)}`,
})

const PATHS = ['device_authorization', 'token', 'revoke', 'introspect']

test('an unknown parameter is ignored, and a repeated one refused, at every endpoint', async () => {
  await using fixture = await openFixture({ clients: CLIENTS })
  const started = await post(fixture, 'device_authorization', 'client_id=kettle&x=1&scope=')
  assert.equal(started.status, 200)
  for (const path of PATHS) {
    for (const raw of ['client_id=kettle&client_id=kettle', 'client_id=kettle&y=1&y=2']) {
      const { status, body } = await post(fixture, path, raw)
      assert.deepEqual([status, body['error']], [400, 'invalid_request'], path)
    }
  }
})

test('only a form is read, and of a bounded size', async () => {
  await using fixture = await openFixture({ clients: CLIENTS })
  for (const path of PATHS) {
    const json = await post(fixture, path, '{"client_id":"kettle"}', { type: 'application/json' })
    assert.deepEqual([json.status, json.body['error']], [400, 'invalid_request'])
    const large = await post(fixture, path, `client_id=kettle&x=${'x'.repeat(70_000)}`)
    assert.deepEqual([large.status, large.body['error']], [413, 'invalid_request'])
    const none = await post(fixture, path, '')
    assert.deepEqual([none.status, none.body['error']], [401, 'invalid_client'])
    assert.match(none.headers.get('www-authenticate') ?? '', /^Basic realm=/)
  }
})

test('a client authenticates in one way', async () => {
  await using fixture = await openFixture({ clients: CLIENTS })
  const headers = basic('backend', CLIENT_SECRET)
  const both = new URLSearchParams({
    client_id: 'backend',
    client_secret: CLIENT_SECRET,
    token: 'x',
  })
  const tries: [string, Record<string, string>, number, string | undefined][] = [
    ['token=x', headers, 200, undefined],
    ['token=x&client_id=backend', headers, 200, undefined],
    ['token=x&client_id=kettle', headers, 400, 'invalid_request'],
    [String(both), headers, 400, 'invalid_request'],
    [String(both), {}, 200, undefined],
    ['token=x&client_id=backend', {}, 401, 'invalid_client'],
    ['token=x', basic('backend', ''), 401, 'invalid_client'],
    ['token=x', { authorization: 'Basic %%%' }, 401, 'invalid_client'],
    ['token=x', { authorization: `Basic ${btoa('%zz:%zz')}` }, 401, 'invalid_client'],
  ]
  for (const [raw, sent, status, error] of tries) {
    const answer = await post(fixture, 'revoke', raw, { headers: sent })
    assert.deepEqual([answer.status, answer.body['error']], [status, error], raw)
    assert.ok(!JSON.stringify(answer.body).includes(CLIENT_SECRET))
  }
})

test('a missing parameter and an unknown grant have their own errors', async () => {
  await using fixture = await openFixture({ clients: CLIENTS })
  const device = 'urn:ietf:params:oauth:grant-type:device_code'
  const headers = basic('backend', CLIENT_SECRET)
  const wrong: [string, string, string][] = [
    ['token', '', 'invalid_request'],
    ['token', 'grant_type=password', 'unsupported_grant_type'],
    ['token', `grant_type=${device}`, 'invalid_request'],
    ['token', 'grant_type=refresh_token', 'invalid_request'],
    ['token', 'grant_type=refresh_token&refresh_token=x', 'invalid_grant'],
    ['token', 'grant_type=refresh_token&refresh_token=x&scope=admin', 'invalid_scope'],
    ['revoke', '', 'invalid_request'],
    ['introspect', '', 'invalid_request'],
  ]
  for (const [path, raw, error] of wrong) {
    const answer = await post(fixture, path, raw, { headers })
    assert.deepEqual([answer.status, answer.body['error']], [400, error], raw)
  }
})

test('an introspection by a bearer token needs the role', async () => {
  await using fixture = await openFixture({ clients: CLIENTS })
  const [ada, service] = [await fixture.person('ada'), await fixture.person('bot', ['introspect'])]
  const by = (token: string) =>
    post(fixture, 'introspect', `token=${ada.token}`, {
      headers: { authorization: `Bearer ${token}` },
    })
  assert.equal((await by(service.token)).body['active'], true)
  const denied = await by(ada.token)
  assert.deepEqual([denied.status, denied.body['error']], [403, 'insufficient_scope'])
  const unknown = await by('lks_x')
  assert.deepEqual([unknown.status, unknown.body['error']], [401, 'invalid_token'])
  assert.match(unknown.headers.get('www-authenticate') ?? '', /^Bearer .*error="invalid_token"/)
})

test('a client introspects at the route of the command too, by HTTP Basic', async () => {
  await using fixture = await openFixture({ clients: CLIENTS })
  const { token } = await fixture.person('ada')
  const reply = await fixture.ask('POST /v1/introspect', {
    raw: `token=${token}`,
    type: 'application/x-www-form-urlencoded',
    headers: basic('backend', CLIENT_SECRET),
  })
  assert.equal(reply.body['active'], true)
})

test('the start of device logins is throttled by address', async () => {
  await using fixture = await openFixture({ clients: CLIENTS })
  const start = () => post(fixture, 'device_authorization', 'client_id=kettle')
  for (let at = 0; at < 20; at++) assert.equal((await start()).status, 200)
  const { status, body, headers } = await start()
  assert.deepEqual([status, body['error']], [429, 'temporarily_unavailable'])
  assert.ok(Number(headers.get('retry-after')) > 0)
})

test('behind a public URL and a prefix the metadata names what clients see', async () => {
  const door = {
    publicUrl: 'https://login.example',
    prefix: '/auth',
    oauth: { verificationUri: 'https://shop.example/tv?lang=en' },
  }
  await using fixture = await openFixture({ clients: CLIENTS, door })
  const { body } = await fixture.ask('GET /auth/.well-known/oauth-authorization-server')
  assert.equal(body['issuer'], 'https://login.example/auth')
  assert.equal(body['token_endpoint'], 'https://login.example/auth/oauth/token')
  const started = await fixture.fetch(
    new Request('http://localhost/auth/oauth/device_authorization', {
      method: 'POST',
      body: new URLSearchParams({ client_id: 'kettle' }),
    }),
  )
  const answer = (await started.json()) as Record<string, string>
  assert.equal(answer['verification_uri'], 'https://shop.example/tv?lang=en')
  const complete = `https://shop.example/tv?lang=en&user_code=${answer['user_code']}`
  assert.equal(answer['verification_uri_complete'], complete)
})

test('the page of a device shows a code, and nothing else that is typed', async () => {
  await using fixture = await openFixture()
  const page = await fixture.ask('GET /oauth/device?user_code=bcdf-ghjk')
  assert.match(page.text, /latchkey device approve BCDF-GHJK/)
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/)
  const odd = await fixture.ask('GET /oauth/device?user_code=%3Cscript%3E')
  assert.ok(!odd.text.includes('script'))
  assert.match(odd.text, /XXXX-XXXX/)
})
