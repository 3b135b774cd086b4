import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { openFixture, parsed, refused } from '../../../test/support/http-door.ts'
import { sessionListingShape } from '../../commands/built-in/shapes.ts'
import { nativeCodec } from '../../core/index.ts'

const sessions = z.array(sessionListingShape)
const listShape = z.strictObject({ sessions, next: z.string().optional() })

test('a limit is a number from 1 to 1000', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada')
  for (const limit of ['1', '1000', '007']) {
    assert.equal(
      (await fixture.ask(`GET /v1/sessions?limit=${limit}`, { token })).status,
      200,
      limit,
    )
  }
  for (const limit of [
    'abc',
    '',
    '0',
    '-1',
    '1001',
    '1.5',
    '1e2',
    '0x10',
    '+5',
    '%31%00',
    '٣',
    'NaN',
    'Infinity',
    '9'.repeat(400),
  ]) {
    const reply = await fixture.ask(`GET /v1/sessions?limit=${encodeURIComponent(limit)}`, {
      token,
    })
    refused(reply, 400, 'invalid_request')
    assert.match(reply.text, /"path":"limit"/, limit)
  }
})

test('an unknown query is refused', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada')
  for (const query of ['owner=x', 'Limit=1', 'limit[]=1', 'token=x', '=', 'a', '%00=1']) {
    refused(await fixture.ask(`GET /v1/sessions?${query}`, { token }), 400, 'invalid_request')
  }
  assert.equal((await fixture.ask('GET /v1/sessions?', { token })).status, 200)
})

test('pages list each session once', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada')
  for (let i = 0; i < 6; i++) await fixture.login('ada')
  const seen: string[] = []
  let after = ''
  for (let page = 0; page < 10; page++) {
    const reply = await fixture.ask(`GET /v1/sessions?limit=3${after}`, { token })
    const { sessions, next } = parsed(reply, 200, listShape)
    seen.push(...sessions.map(({ id }) => id))
    if (next === undefined) break
    after = `&after=${encodeURIComponent(next)}`
  }
  assert.deepEqual([seen.length, new Set(seen).size], [7, 7])
})

test('a forged cursor is an invalid request', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('root', ['admin'])
  const encode = (text: string) => Buffer.from(text).toString('base64url')
  const cursors = [
    'x',
    ' ',
    '%00',
    '../..',
    "' OR 1=1--",
    '1',
    '-1',
    '9'.repeat(200),
    encode('actors:1'),
    encode('sessions:-1'),
    encode('sessions:1e3'),
    encode(`sessions:${'9'.repeat(16)}`),
    encode('sessions:01'),
    `${encode('sessions:1')}=`,
    encode('audit:1 '),
  ]
  for (const cursor of [...cursors, '9'.repeat(201)]) {
    const reply = await fixture.ask(`GET /v1/sessions?after=${encodeURIComponent(cursor)}`, {
      token,
    })
    refused(reply, 400, 'invalid_request')
  }
  for (const list of ['actors', 'sessions', 'audit']) {
    refused(await fixture.ask(`GET /v1/admin/${list}?after=x`, { token }), 400, 'invalid_request')
    const foreign = encode(list === 'actors' ? 'audit:1' : 'actors:1')
    refused(
      await fixture.ask(`GET /v1/admin/${list}?after=${foreign}`, { token }),
      400,
      'invalid_request',
    )
  }
})

test('ending an unknown session, or another actor’s, is refused alike and changes nothing', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada')
  const bob = await fixture.person('bob')
  for (const id of [
    bob.session,
    'x',
    '%00',
    '%20',
    'a%2Fb',
    '%F0%9F%A6%A6',
    '%',
    '%zz',
    '%E0%A4%A',
    "'%3B%20DROP",
    '__proto__',
    'constructor',
    'x'.repeat(100),
    '%2e',
    ':id',
    '*',
  ]) {
    const reply = await fixture.ask(`DELETE /v1/sessions/${id}`, { token })
    assert.ok([404, 400].includes(reply.status), `${id}: ${reply.status}`)
  }
  refused(
    await fixture.ask(`DELETE /v1/sessions/${'x'.repeat(101)}`, { token }),
    400,
    'invalid_request',
  )
  for (const each of [token, bob.token]) {
    assert.equal((await fixture.ask('GET /v1/session', { token: each })).status, 200)
  }
})

test('an id in the path is percent-decoded', async () => {
  await using fixture = await openFixture()
  const ada = await fixture.person('ada')
  const other = await fixture.login('ada')
  const encoded = [...other.session]
    .map((letter) => `%${letter.charCodeAt(0).toString(16)}`)
    .join('')
  assert.equal(
    (await fixture.ask(`DELETE /v1/sessions/${encoded}`, { token: ada.token })).status,
    204,
  )
  refused(
    await fixture.ask('GET /v1/session', { token: other.token }),
    401,
    'session_revoked',
    'revoked',
  )
})

test('a malformed id of an actor is not found, or an invalid request', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('root', ['admin'])
  for (const id of ['x', '%00', '%', '%zz', '__proto__', 'constructor', '%20', 'x'.repeat(254)]) {
    const reply = await fixture.ask(`GET /v1/admin/actors/${id}`, { token })
    refused(reply, 404, 'not_found')
  }
  refused(
    await fixture.ask(`GET /v1/admin/actors/${'x'.repeat(255)}`, { token }),
    400,
    'invalid_request',
  )
  for (const name of ['__proto__', 'constructor', 'x', '%00', 'profile.web']) {
    const reply = await fixture.ask(`PUT /v1/admin/settings/${name}`, { token, body: { value: 1 } })
    refused(reply, 400, 'invalid_request')
    refused(
      await fixture.ask(`DELETE /v1/admin/settings/${name}`, { token }),
      400,
      'invalid_request',
    )
  }
})

test('an unknown path is not found, with any method', async () => {
  await using fixture = await openFixture()
  for (const path of [
    '/',
    '/v1',
    '/v1/',
    '/v1/session/',
    '/v1//session',
    '//v1/session',
    '/V1/SESSION',
    '/v1/session%2F',
    '/v1/%73ession%00',
    '/v1/session/../../etc',
    '/v1/%2e%2e/%2e%2e/etc/passwd',
    '/v1/admin',
    `/${'x'.repeat(60_000)}`,
    `/v1/sessions/${'a/'.repeat(5000)}`,
  ]) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'REPORT']) {
      const reply = await fixture.ask(`${method} ${path}`)
      refused(reply, 404, 'not_found')
    }
  }
})

test('a method that a route does not have is not found', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada')
  for (const what of [
    'POST /v1/session',
    'PUT /v1/session',
    'PATCH /v1/session',
    'OPTIONS /v1/session',
    'GET /v1/session/renew',
    'GET /v1/actors',
    'DELETE /v1/password',
    'GET /v1/introspect',
    'POST /healthz',
    'DELETE /docs',
  ]) {
    refused(await fixture.ask(what, { token }), 404, 'not_found')
  }
  assert.equal((await fixture.ask('GET /v1/session', { token })).status, 200)
})

test('HEAD answers as GET does, without a body', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada')
  for (const [path, status] of [
    ['/v1/session', 200],
    ['/v1/sessions', 200],
    ['/healthz', 200],
    ['/v1/password', 404],
  ] as const) {
    const reply = await fixture.ask(`HEAD ${path}`, { token })
    assert.deepEqual([reply.status, reply.text], [status, ''])
  }
  const dead = await fixture.ask('HEAD /v1/session')
  assert.deepEqual([dead.status, dead.text], [401, ''])
})

test('ending the other sessions needs its exact query', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada')
  const other = await fixture.login('ada')
  for (const query of [
    '',
    '?',
    '?except',
    '?except=',
    '?except=Current',
    '?except=all',
    '?Except=current',
    '?except=x&except=current',
  ]) {
    const reply = await fixture.ask(`DELETE /v1/sessions${query}`, { token })
    refused(reply, 400, 'invalid_request')
  }
  assert.equal((await fixture.ask('GET /v1/session', { token: other.token })).status, 200)
  assert.equal((await fixture.ask('DELETE /v1/sessions?except=current', { token })).status, 200)
  refused(
    await fixture.ask('GET /v1/session', { token: other.token }),
    401,
    'session_revoked',
    'revoked',
  )
  assert.equal((await fixture.ask('GET /v1/session', { token })).status, 200)
})

test('a token in the query, the body or another header is ignored', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada')
  refused(await fixture.ask(`GET /v1/session?access_token=${token}`), 401, 'token_missing')
  refused(await fixture.ask(`GET /v1/session?token=${token}`), 401, 'token_missing')
  refused(
    await fixture.ask('DELETE /v1/session', { body: { access_token: token } }),
    401,
    'token_missing',
  )
  for (const name of ['x-access-token', 'proxy-authorization', 'x-authorization']) {
    const headers = { [name]: `Bearer ${token}` }
    refused(await fixture.ask('GET /v1/session', { headers }), 401, 'token_missing')
  }
})

test('the scheme is Bearer, in any letter case', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada')
  const ask = (authorization: string) =>
    fixture.ask('GET /v1/session', { headers: { authorization } })
  for (const good of [`Bearer ${token}`, `bearer ${token}`, `BEARER   ${token}  `]) {
    assert.equal((await ask(good)).status, 200, good)
  }
  for (const none of [
    '',
    'Bearer',
    'bearer',
    token,
    `Basic ${token}`,
    `Token ${token}`,
    `Bearer:${token}`,
    `Bearer\t${token}`,
  ]) {
    refused(await ask(none), 401, 'token_missing')
  }
  for (const bad of [
    `Bearer ${token} x`,
    `Bearer "${token}"`,
    `Bearer ${token},`,
    `Bearer ${token}, Bearer ${token}`,
    `Bearer Bearer ${token}`,
  ]) {
    refused(await ask(bad), 401, 'token_invalid')
  }
})

test('a token with any one character changed is invalid', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada')
  for (let at = 0; at < token.length; at++) {
    const other = token[at] === 'x' ? 'y' : 'x'
    const changed = token.slice(0, at) + other + token.slice(at + 1)
    refused(await fixture.ask('GET /v1/session', { token: changed }), 401, 'token_invalid')
  }
  for (const wrong of [
    token.slice(1),
    token.slice(0, -1),
    `${token}0`,
    token.toUpperCase(),
    token + token,
  ]) {
    refused(await fixture.ask('GET /v1/session', { token: wrong }), 401, 'token_invalid')
  }
})

test('a token with a wrong secret is invalid, and the answer does not say that the session ended', async () => {
  await using fixture = await openFixture()
  const { session, token } = await fixture.person('ada')
  const secret = nativeCodec.createSecret()
  const forged = nativeCodec.format({ id: session, secret }, { owner: '' })
  refused(await fixture.ask('GET /v1/session', { token: forged }), 401, 'token_invalid')
  await fixture.ask('DELETE /v1/session', { token })
  refused(await fixture.ask('GET /v1/session', { token: forged }), 401, 'token_invalid')
  refused(await fixture.ask('GET /v1/session', { token }), 401, 'session_revoked', 'logged_out')
  const none = nativeCodec.format({ id: 'x'.repeat(25), secret }, { owner: '' })
  refused(await fixture.ask('GET /v1/session', { token: none }), 401, 'token_invalid')
})

test('a renewal code is not accepted as a token, nor a token as a renewal code', async () => {
  await using fixture = await openFixture()
  const { token, renewal } = await fixture.person('ada')
  refused(await fixture.ask('GET /v1/session', { token: renewal }), 401, 'token_invalid')
  const body = { renewal: token }
  refused(await fixture.ask('POST /v1/session/renew', { body }), 401, 'token_invalid')
})

const printable = fc.string({
  unit: fc.constantFrom(...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))),
  maxLength: 300,
})

test('any other string sent as a token is refused', async () => {
  await using fixture = await openFixture()
  const shaped = fc
    .tuple(
      fc.constantFrom('lks_', 'lkr_', 'LKS_', 'oat_', ''),
      fc.stringMatching(/^[0-9A-Za-z_]{0,130}$/),
    )
    .map(([prefix, rest]) => prefix + rest)
  const latin = fc.string({
    unit: fc.integer({ min: 161, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 80,
  })
  const property = fc.asyncProperty(fc.oneof(printable, shaped, latin), async (token) => {
    for (const what of ['GET /v1/session', 'DELETE /v1/session', 'GET /v1/sessions']) {
      const reply = await fixture.ask(what, { token })
      assert.equal(reply.status, 401)
      const code = token.trim() === '' ? 'token_missing' : 'token_invalid'
      assert.equal(reply.body['code'], code)
    }
    const { status } = await fixture.ask('POST /v1/session/renew', { body: { renewal: token } })
    assert.ok([400, 401].includes(status))
  })
  await fc.assert(property, { numRuns: 150 })
})
