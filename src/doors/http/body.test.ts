import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Fixture, openFixture, PASSWORD, refused } from '../../../test/support/http-door.ts'
import { MAX_BODY_BYTES, MAX_BODY_DEPTH } from '../../http/index.ts'

const post = (fixture: Fixture, raw: BodyInit, type = 'application/json') =>
  fixture.ask('POST /v1/actors', { raw, type })

/** A registration padded to a size in bytes. */
function padded(bytes: number): string {
  const text = JSON.stringify({ name: 'ada', password: PASSWORD })
  return text + ' '.repeat(bytes - text.length)
}

/** A body that comes in pieces, without a length. */
function streamed(text: string | Uint8Array, pieces = 7): ReadableStream<Uint8Array> {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text
  const size = Math.ceil(bytes.length / pieces)
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.slice(at, at + size))
      at += size
    },
  })
}

for (const text of [
  '{',
  '{"name"',
  '{"name":}',
  "{'name':'a'}",
  '{"a":1,}',
  'ada',
  '\u0000',
  '{}x',
  '{"a":01}',
]) {
  test(`malformed JSON is an invalid request: ${JSON.stringify(text)}`, async () => {
    await using fixture = await openFixture()
    refused(await post(fixture, text), 400, 'invalid_request')
  })
}

for (const text of ['null', '[]', '[{}]', '"name"', '1', 'true', '  \n']) {
  test(`a body that is not an object is an invalid request: ${JSON.stringify(text)}`, async () => {
    await using fixture = await openFixture()
    refused(await post(fixture, text), 400, 'invalid_request')
    // Also where no field is required.
    refused(await fixture.ask('POST /v1/sessions/anonymous', { raw: text }), 400, 'invalid_request')
  })
}

test('an empty body is an empty object, with any content type', async () => {
  await using fixture = await openFixture()
  for (const type of ['application/json', 'text/plain', '']) {
    const reply = await post(fixture, '', type)
    refused(reply, 400, 'invalid_request')
    assert.match(reply.text, /"path":"name"/)
  }
})

test('a field of a wrong type is refused, and the answer names it', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada', ['user', 'admin', 'introspect'])
  const values: unknown[] = [null, 1, true, [], {}, ['x'], { toString: 'x' }, '']
  for (const [what, good] of [
    ['POST /v1/actors', { name: 'bob', password: PASSWORD, email: 'bob@example.test' }],
    ['POST /v1/sessions', { identity: 'ada', password: PASSWORD, profile: 'web', label: 'x' }],
    ['POST /v1/sessions/anonymous', { label: 'x' }],
    ['POST /v1/session/renew', { renewal: 'x' }],
    ['POST /v1/session/step-up', { password: PASSWORD }],
    ['POST /v1/password', { current: PASSWORD, next: PASSWORD, sessions: 'keep' }],
    ['POST /v1/introspect', { token: 'x', token_type_hint: 'x', address: 'x' }],
    ['POST /v1/impersonations', { actor: 'x' }],
    ['POST /v1/bootstrap', { code: 'x', name: 'bob', password: PASSWORD, email: 'b@example.test' }],
    ['POST /v1/admin/actors/import', { actors: [{ name: 'x' }] }],
    ['PUT /v1/admin/actors/x/roles', { roles: ['x'] }],
  ] as const) {
    for (const field of Object.keys(good)) {
      for (const value of values) {
        if (value === '' && ['label', 'email', 'token_type_hint', 'address'].includes(field))
          continue
        if (field === 'roles' && JSON.stringify(value).startsWith('[')) continue
        const reply = await fixture.ask(what, { token, body: { ...good, [field]: value } })
        refused(reply, 400, 'invalid_request')
        assert.match(reply.text, new RegExp(`"path":"${field}`), `${what} ${field}`)
      }
    }
  }
})

test('an unknown field is refused', async () => {
  await using fixture = await openFixture()
  const good = { name: 'ada', password: PASSWORD }
  for (const field of ['roles', 'status', 'id', 'Name', 'constructor', 'toString', 'cookie', '']) {
    refused(
      await fixture.ask('POST /v1/actors', { body: { ...good, [field]: 'x' } }),
      400,
      'invalid_request',
    )
  }
  refused(
    await fixture.ask('DELETE /v1/session', { body: { x: 1 }, token: 'x' }),
    401,
    'token_invalid',
  )
  const { token } = await fixture.person('bob')
  refused(
    await fixture.ask('DELETE /v1/session', { body: { x: 1 }, token }),
    400,
    'invalid_request',
  )
  assert.equal((await fixture.ask('GET /v1/session', { token })).status, 200)
})

test('keys of the prototype are refused and do not pollute it', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada')
  const login = `"identity":"ada","password":"${PASSWORD}"`
  for (const raw of [
    `{${login},"__proto__":{"admin":true}}`,
    `{${login},"constructor":{"prototype":{"admin":true}}}`,
    `{${login},"prototype":1}`,
    `{"__proto__":{${login}}}`,
  ]) {
    refused(await fixture.ask('POST /v1/sessions', { raw }), 400, 'invalid_request')
  }
  for (const name of ['__proto__', 'constructor', 'toString']) {
    refused(await fixture.ask(`GET /v1/sessions?${name}=x`, { token }), 400, 'invalid_request')
  }
  assert.equal(Object.hasOwn(Object.prototype, 'admin'), false)
})

test('a body does not replace a parameter of the path', async () => {
  await using fixture = await openFixture()
  const admin = await fixture.person('root', ['admin'])
  const ada = await fixture.person('ada')
  const bob = await fixture.person('bob')
  const body = { id: bob.id, roles: ['poet'] }
  await fixture.ask(`PUT /v1/admin/actors/${ada.id}/roles`, { token: admin.token, body })
  assert.deepEqual((await fixture.authority.actors.find(bob.id))?.roles, ['user'])
})

test('a body may have exactly 64 KiB, with Content-Length and without', async () => {
  for (const [bytes, status] of [
    [MAX_BODY_BYTES - 1, 201],
    [MAX_BODY_BYTES, 201],
    [MAX_BODY_BYTES + 1, 413],
  ] as const) {
    await using whole = await openFixture()
    const text = padded(bytes)
    const reply = await whole.ask('POST /v1/actors', {
      raw: text,
      headers: { 'content-length': String(bytes) },
    })
    assert.equal(reply.status, status)
    await using pieces = await openFixture()
    const chunked = await post(pieces, streamed(text))
    assert.equal(chunked.status, status)
    if (status === 413) {
      refused(reply, 413, 'too_large')
      refused(chunked, 413, 'too_large')
    }
  }
})

test('a Content-Length that is too large is refused before the body is read', async () => {
  await using fixture = await openFixture()
  let pulled = 0
  const raw = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        pulled++
        controller.enqueue(new Uint8Array(1024))
      },
    },
    { highWaterMark: 0 },
  )
  const headers = { 'content-length': '999999999999' }
  refused(await fixture.ask('POST /v1/actors', { raw, headers }), 413, 'too_large')
  assert.equal(pulled, 0)
})

test('an endless body is read no further than the limit', async () => {
  await using fixture = await openFixture()
  let cancelled = false
  let sent = 0
  const raw = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1024
      controller.enqueue(new Uint8Array(1024).fill(32))
    },
    cancel() {
      cancelled = true
    },
  })
  refused(await post(fixture, raw), 413, 'too_large')
  assert.ok(cancelled)
  assert.ok(sent <= MAX_BODY_BYTES + 4096, String(sent))
})

test('a wrong or malformed Content-Length changes nothing', async () => {
  for (const length of ['0', '1', '-5', 'NaN', '1e1', '']) {
    await using fixture = await openFixture()
    const raw = padded(200)
    const reply = await fixture.ask('POST /v1/actors', {
      raw,
      headers: { 'content-length': length },
    })
    assert.equal(reply.status, 201, length)
  }
})

test('a body that ends early is an invalid request', async () => {
  await using fixture = await openFixture()
  const raw = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"name":'))
    },
    pull(controller) {
      controller.error(new Error('reset'))
    },
  })
  refused(await post(fixture, raw), 400, 'invalid_request')
})

for (const [name, bytes] of [
  ['a stray continuation byte', [0x22, 0x80, 0x22]],
  ['an overlong form', [0x22, 0xc0, 0xaf, 0x22]],
  ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ['a sequence cut short', [0x22, 0xf0, 0x9f, 0x98]],
  ['UTF-16', [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00]],
] as const) {
  test(`bad UTF-8 is an invalid request: ${name}`, async () => {
    await using fixture = await openFixture()
    const reply = await post(fixture, Uint8Array.from(bytes))
    refused(reply, 400, 'invalid_request')
    assert.match(reply.text, /UTF-8/)
  })
}

test('UTF-8 may be split at any byte, and may begin with a byte order mark', async () => {
  await using fixture = await openFixture()
  const text = `\ufeff${JSON.stringify({ name: 'Ådå 🦦', password: PASSWORD })}`
  const reply = await post(fixture, streamed(text, 1000))
  assert.equal(reply.status, 201, reply.text)
  assert.match(reply.text, /Ådå 🦦/)
})

test('the content type is JSON in any letter case and with any parameter, and the text is always UTF-8', async () => {
  await using fixture = await openFixture()
  for (const type of [
    'application/json',
    'Application/JSON',
    'application/json;charset=utf-8',
    'application/json ; charset="UTF-8"',
    'application/json; charset=iso-8859-1',
  ]) {
    const reply = await post(fixture, '{}', type)
    refused(reply, 400, 'invalid_request')
    assert.match(reply.text, /"path":"name"/, type)
  }
  const latin = Uint8Array.from([...'{"name":"', ...'é', ...'"}'].map((c) => c.charCodeAt(0)))
  refused(
    await post(fixture, latin, 'application/json; charset=iso-8859-1'),
    400,
    'invalid_request',
  )
})

test('any other content type is refused, and so are forms where a route takes none', async () => {
  await using fixture = await openFixture()
  for (const type of [
    'text/plain',
    'text/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json-patch+json',
    'application/problem+json',
    'application/xml, application/json',
    'application/jsonx',
    'json',
    ';',
  ]) {
    refused(await post(fixture, '{"name":"ada"}', type), 415, 'unsupported_type')
  }
})

test('deep nesting is an invalid request on every route that takes a body', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('root', ['admin', 'introspect'])
  const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`
  const objects = `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`
  for (const nested of [deep, objects]) {
    for (const [what, raw] of [
      ['POST /v1/actors', `{"name":${nested}}`],
      ['POST /v1/sessions', nested],
      ['POST /v1/admin/actors/import', `{"actors":${nested}}`],
      ['PUT /v1/admin/settings/password.minLength', `{"value":${nested}}`],
      ['PUT /v1/admin/settings/password.contextWords', `{"value":${nested}}`],
    ] as const) {
      const reply = await fixture.ask(what, { raw, token })
      refused(reply, 400, 'invalid_request')
    }
  }
})

test('nesting is limited to an exact depth, and width is not limited', async () => {
  await using fixture = await openFixture()
  const nest = (levels: number) => `${'{"a":'.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`
  const within = await post(fixture, nest(MAX_BODY_DEPTH))
  const beyond = await post(fixture, nest(MAX_BODY_DEPTH + 1))
  assert.doesNotMatch(within.text, /nested/)
  assert.match(beyond.text, /nested/)
  const wide = await post(fixture, `{"a":[${'[],'.repeat(9999)}[]],"b":"${'['.repeat(999)}"}`)
  assert.doesNotMatch(wide.text, /nested/)
})

test('huge numbers are refused like any other wrong value', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('root', ['admin'])
  for (const value of ['1e999', '-1e999', '9'.repeat(5000), '1e-999', '9007199254740993', '0.5']) {
    const what = 'PUT /v1/admin/settings/password.minLength'
    refused(await fixture.ask(what, { raw: `{"value":${value}}`, token }), 400, 'invalid_request')
    const raw = `{"actors":[{"name":"x","createdAt":-${value.replace('-', '')}}]}`
    const imported = await fixture.ask('POST /v1/admin/actors/import', { raw, token })
    if (value !== '1e-999') refused(imported, 400, 'invalid_request')
  }
})

test('the last of two fields with the same name counts', async () => {
  await using fixture = await openFixture()
  const raw = `{"name":"ada","name":"bob","password":"${PASSWORD}"}`
  assert.match((await post(fixture, raw)).text, /"name":"bob"/)
})
