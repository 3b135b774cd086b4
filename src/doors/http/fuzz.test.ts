import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Fixture, openFixture, PASSWORD, read } from '../../../test/support/http-door.ts'
import { ERROR_TABLE } from '../../core/index.ts'
import { ROUTES } from './routes.ts'

const segment = fc.oneof(
  fc.constantFrom('x', '%00', '%', '%2e%2e', '..', '__proto__', 'password.minLength', '%F0%9F', ''),
  fc.webSegment(),
)

const route = fc
  .tuple(fc.constantFrom(...ROUTES), fc.array(segment, { minLength: 2, maxLength: 2 }))
  .map(([{ method, path }, segments]) => {
    let at = 0
    return { method: String(method), path: path.replaceAll(/:\w+/g, () => segments[at++] ?? 'x') }
  })

const anyMethod = fc.constantFrom(
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'HEAD',
  'OPTIONS',
  'REPORT',
)

const anyPath = fc.oneof(
  route.map(({ path }) => path),
  fc.array(segment, { maxLength: 6 }).map((all) => `/${all.join('/')}`),
  fc.constantFrom('/healthz', '/readyz', '/metrics', '/docs', '/openapi.json'),
)

/** Mostly a route by its own method, so that what lies behind the router is reached. */
const target = fc.oneof(
  { weight: 3, arbitrary: route },
  { weight: 1, arbitrary: fc.record({ method: anyMethod, path: anyPath }) },
)

const query = fc.option(
  fc
    .array(
      fc.tuple(
        fc.constantFrom(
          'limit',
          'after',
          'except',
          'since',
          'text',
          'role',
          'owner',
          '__proto__',
          '',
        ),
        fc.oneof(
          fc.constantFrom('current', '1', '-1', '1e9', '%'),
          fc.string({ unit: 'grapheme' }),
        ),
      ),
      { maxLength: 4 },
    )
    .map((pairs) => `?${new URLSearchParams(pairs)}`),
  { nil: '' },
)

const headerValue = fc.stringMatching(
  /^[\x21-\x7e\xa1-\xff]([\x20-\x7e\xa1-\xff]{0,60}[\x21-\x7e\xa1-\xff])?$/,
)

const headers = fc.dictionary(
  fc.constantFrom(
    'cookie',
    'origin',
    'host',
    'content-type',
    'content-length',
    'sec-fetch-site',
    'x-forwarded-for',
    'user-agent',
    'transfer-encoding',
    'accept',
    'if-none-match',
  ),
  fc.oneof(
    headerValue,
    fc.constantFrom(
      'application/json',
      'same-origin',
      'http://localhost',
      '__Host-latchkey=x',
      '10.0.0.1',
    ),
  ),
  { maxKeys: 5 },
)

const field = fc.constantFrom(
  'name',
  'password',
  'email',
  'identity',
  'renewal',
  'token',
  'current',
  'next',
  'sessions',
  'actor',
  'actors',
  'roles',
  'value',
  'code',
  'cookie',
  'label',
  'profile',
  '__proto__',
)

const value = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 1, arbitrary: fc.constantFrom('web', 'root', PASSWORD, true, ['admin'], 1e308, -0) },
)

const body = fc.oneof(
  { weight: 5, arbitrary: fc.dictionary(field, value).map((fields) => JSON.stringify(fields)) },
  { weight: 1, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
  { weight: 2, arbitrary: fc.constant(undefined) },
)

const request = fc.record({ target, query, headers, body, asRoot: fc.boolean() })

type Fuzzed = typeof request extends fc.Arbitrary<infer T> ? T : never

function requestOf(fuzzed: Fuzzed, token: string): Request {
  const sent = new Headers(fuzzed.headers)
  if (fuzzed.asRoot) sent.set('authorization', `Bearer ${token}`)
  if (!sent.has('content-type') && fuzzed.body !== undefined) {
    sent.set('content-type', 'application/json')
  }
  const hasBody = !['GET', 'HEAD'].includes(fuzzed.target.method) && fuzzed.body !== undefined
  const init: RequestInit = { method: fuzzed.target.method, headers: sent }
  if (hasBody) init.body = fuzzed.body as BodyInit
  return new Request(`http://localhost${fuzzed.target.path}${fuzzed.query}`, init)
}

async function rootOf(fixture: Fixture): Promise<string> {
  const known = await fixture.authority.actors.search({ text: 'root', limit: 1 })
  const id = known.items[0]?.id ?? (await fixture.person('root', ['admin', 'introspect'])).id
  await fixture.authority.actors.restore(id)
  await fixture.authority.actors.setRoles(id, ['admin', 'introspect'])
  const login = await fixture.authority.sessions.loginAs(id)
  assert.ok(login.ok)
  return login.token
}

test('any request gets an answer, and never an internal error', async () => {
  await using fixture = await openFixture()
  const seen = new Set<number>()
  const property = fc.asyncProperty(request, async (fuzzed) => {
    const token = await rootOf(fixture)
    const response = await fixture.fetch(requestOf(fuzzed, token), { address: '192.0.2.1' })
    assert.ok(response instanceof Response)
    const reply = await read(response)
    seen.add(reply.status)
    assert.ok(reply.status < 500 || fuzzed.target.path === '/readyz', reply.text)
    const code = reply.body['code']
    if (reply.status >= 400 && reply.text !== '') assert.ok(String(code) in ERROR_TABLE)
    assert.deepEqual(fixture.errors, [])
  })
  await fc.assert(property, { numRuns: 6000 })
  // It is no test if everything stops at the first gate.
  for (const status of [200, 204, 400, 401, 404]) assert.ok(seen.has(status), String(status))
  assert.equal((await fixture.ask('GET /healthz')).status, 200)
  assert.equal((await fixture.ask('GET /v1/session', { token: await rootOf(fixture) })).status, 200)
})
