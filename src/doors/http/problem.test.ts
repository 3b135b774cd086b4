import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openFixture, PASSWORD, type Reply, refused } from '../../../test/support/http-door.ts'
import { ERROR_TABLE, type ErrorCode } from '../../core/index.ts'
import { problem } from '../../http/index.ts'

const CODES = Object.keys(ERROR_TABLE) as ErrorCode[]
const SECRET = 'Tr0ub4dor-and-3-more'

for (const code of CODES) {
  test(`${code} is a problem of status ${ERROR_TABLE[code].http} with a title of its own`, async () => {
    const response = problem({ ok: false, code, message: 'What happened.' })
    assert.equal(response.status, ERROR_TABLE[code].http)
    assert.equal(response.headers.get('content-type'), 'application/problem+json')
    assert.equal(response.headers.get('cache-control'), 'no-store')
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
    const body = (await response.json()) as Record<string, unknown>
    assert.deepEqual(Object.keys(body), ['type', 'title', 'status', 'code', 'detail'])
    assert.equal(body['type'], `urn:latchkey:error:${code}`)
    assert.deepEqual([body['status'], body['code']], [ERROR_TABLE[code].http, code])
    assert.equal(body['detail'], 'What happened.')
    assert.ok(typeof body['title'] === 'string' && body['title'].length > 3)
  })
}

test('no two codes have the same title', async () => {
  const titles = await Promise.all(
    CODES.map(async (code) => {
      const body = await problem({ ok: false, code, message: '' }).json()
      return (body as { title: string }).title
    }),
  )
  assert.equal(new Set(titles).size, CODES.length)
})

test('a problem has the issues and the reason, and not the cause', async () => {
  const issues = [{ path: 'name', message: 'is empty' }]
  const cause = new Error(SECRET)
  const reason = 'revoked'
  const refusal = {
    ok: false,
    code: 'session_revoked',
    message: 'Over.',
    issues,
    reason,
    cause,
  } as const
  const text = await problem(refusal).text()
  const body = JSON.parse(text) as Record<string, unknown>
  assert.deepEqual([body['issues'], body['reason']], [issues, reason])
  assert.ok(!text.includes(SECRET))
})

test('Retry-After is in whole seconds, rounded up, at least one', () => {
  const after = (retryAfterMs: number) =>
    problem({ ok: false, code: 'busy', message: '', retryAfterMs }).headers.get('retry-after')
  assert.deepEqual([0, 1, 999, 1000, 1001, 59_999].map(after), ['1', '1', '1', '1', '2', '60'])
  const without = problem({ ok: false, code: 'busy', message: '' })
  assert.equal(without.headers.get('retry-after'), null)
})

test('every 401 has a challenge, with an error only where a token was given (RFC 6750)', () => {
  for (const code of CODES) {
    const { headers } = problem({ ok: false, code, message: '' })
    const dead = ['token_invalid', 'session_expired', 'session_revoked'].includes(code)
    const plain = 'Bearer realm="latchkey"'
    const stepUp = code === 'step_up_required'
    const named = stepUp ? `${plain}, error="insufficient_user_authentication"` : plain
    const expected = dead ? `${plain}, error="invalid_token"` : named
    const is401 = ERROR_TABLE[code].http === 401
    assert.equal(headers.get('www-authenticate'), is401 ? expected : null, code)
  }
})

test('step_up_required has the challenge of RFC 9470', () => {
  const challenge = { maxAgeMs: 900_000, acrValues: ['aal2', 'aal3'] }
  const refusal = { ok: false, code: 'step_up_required', message: '', challenge } as const
  assert.equal(
    problem(refusal).headers.get('www-authenticate'),
    'Bearer realm="latchkey", error="insufficient_user_authentication", max_age=900, acr_values="aal2 aal3"',
  )
})

test('a throttled login has Retry-After', async () => {
  await using fixture = await openFixture({ settings: { 'throttle.identityFree': 1 } })
  await fixture.person('ada')
  const body = { identity: 'ada', password: 'wrong' }
  refused(await fixture.ask('POST /v1/sessions', { body }), 401, 'credentials_invalid')
  fixture.clock.advance(1)
  const reply = await fixture.ask('POST /v1/sessions', { body })
  refused(reply, 429, 'throttled')
  assert.equal(reply.headers.get('retry-after'), '1')
})

test('a full password queue answers busy with Retry-After', async () => {
  await using fixture = await openFixture({
    passwords: { concurrency: 1, queueLimit: 0 },
    settings: { 'throttle.identityFree': 100 },
  })
  await fixture.person('ada')
  const body = { identity: 'ada', password: PASSWORD }
  const replies = await Promise.all(
    Array.from({ length: 8 }, () => fixture.ask('POST /v1/sessions', { body })),
  )
  const shed = replies.filter(({ status }) => status !== 201)
  assert.ok(shed.length > 0 && shed.length < 8)
  for (const reply of shed) {
    refused(reply, 503, 'busy')
    assert.match(reply.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
  }
})

test('an internal error is reported, and the problem has no detail of it', async () => {
  await using fixture = await openFixture({
    mayFail: true,
    door: { metrics: () => Promise.reject(new Error(`broken by ${SECRET}`)) },
  })
  const reply = await fixture.ask('GET /metrics')
  refused(reply, 500, 'internal')
  assert.ok(!reply.text.includes(SECRET))
  assert.match(String(fixture.errors[0]), new RegExp(SECRET))
})

test('a client that disconnects is not reported as an error', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada')
  for (const [method, path] of [
    ['GET', '/v1/session'],
    ['GET', '/v1/sessions'],
    ['DELETE', '/v1/session'],
  ] as const) {
    const headers = { authorization: `Bearer ${token}` }
    const signal = AbortSignal.abort()
    const request = new Request(`http://localhost${path}`, { method, headers, signal })
    assert.ok((await fixture.fetch(request)) instanceof Response)
  }
  assert.deepEqual(fixture.errors, [])
})

test('no answer repeats a password or a token of the request', async () => {
  await using fixture = await openFixture()
  const { token, renewal } = await fixture.person('ada')
  const wrongToken = `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`
  const secrets = [SECRET, token.slice(29, 72), renewal.slice(29, 72)]
  const paths = [
    '/v1/actors',
    '/v1/sessions',
    '/v1/session/renew',
    '/v1/password',
    '/v1/introspect',
  ]
  for (const secret of [SECRET, token, renewal, wrongToken]) {
    const bodies: unknown[] = [
      { name: secret, password: 1 },
      { name: [secret], password: { a: secret } },
      { identity: secret, password: secret, profile: secret },
      { identity: secret, password: secret, cookie: secret },
      { identity: 'ada', password: secret },
      { renewal: secret, token: secret, password: secret },
      { current: secret, next: secret, sessions: secret },
      secret,
      [secret],
    ]
    for (const path of paths) {
      for (const body of bodies) {
        const reply = await fixture.ask(`POST ${path}`, { body })
        if (reply.status === 201) continue
        for (const hidden of secrets) {
          assert.ok(!reply.text.includes(hidden), `${path} ${JSON.stringify(body)}: ${reply.text}`)
          assert.ok(![...reply.headers.values()].join().includes(hidden))
        }
      }
      const raw = `{"password": "${secret}", `
      assert.ok(!(await fixture.ask(`POST ${path}`, { raw })).text.includes(secret))
    }
    const asked = [
      await fixture.ask(`GET /v1/session/${secret}`),
      await fixture.ask(`GET /v1/sessions?after=${secret}&token=${secret}`, { token }),
      await fixture.ask(`DELETE /v1/sessions/${secret}`),
      await fixture.ask(`DELETE /v1/sessions?except=${secret}`),
      await fixture.ask('GET /v1/session', { headers: { authorization: `Basic ${secret}` } }),
      await fixture.ask('GET /v1/session', { headers: { authorization: `Bearer ${secret} x` } }),
      await fixture.ask('GET /v1/session', { cookie: `__Host-latchkey=x${secret}` }),
      await fixture.ask('GET /v1/session', { headers: { 'x-token': secret, [secret]: secret } }),
      await fixture.ask('POST /v1/actors', { raw: secret, type: `text/${secret}` }),
    ]
    for (const reply of asked) {
      for (const hidden of secrets) {
        assert.ok(!reply.text.includes(hidden), reply.text)
        assert.ok(![...reply.headers.values()].join().includes(hidden))
      }
    }
  }
})

// The names of unknown fields come from the pipeline, which tells what the schema says of them.
test('a secret sent as a field name is not repeated', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada')
  for (const body of [{ [SECRET]: 1 }, { [SECRET]: { [SECRET]: SECRET } }]) {
    const reply = await fixture.ask('POST /v1/actors', { body })
    refused(reply, 400, 'invalid_request')
    assert.ok(!reply.text.includes(SECRET), reply.text)
  }
  const reply = await fixture.ask(`GET /v1/sessions?${SECRET}=1`, { token })
  assert.ok(!reply.text.includes(SECRET), reply.text)
})

test('an unknown identity and a wrong password get the same answer', async () => {
  await using fixture = await openFixture()
  await fixture.person('ada')
  const ask = (identity: string) =>
    fixture.ask('POST /v1/sessions', { body: { identity, password: `not ${PASSWORD}` } })
  const [known, unknown] = [await ask('ada'), await ask('nobody')]
  assert.equal(known.status, 401)
  const withoutId = (reply: Reply) => [
    { ...reply.body, requestId: null },
    [...reply.headers].filter(([name]) => name !== 'x-request-id'),
  ]
  assert.deepEqual(withoutId(known), withoutId(unknown))
})
