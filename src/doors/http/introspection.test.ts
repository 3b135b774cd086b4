import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Fixture,
  nativeToken,
  openFixture,
  PASSWORD,
  parsed,
  refused,
} from '../../../test/support/http-door.ts'
import { loggedInShape } from '../../commands/built-in/shapes.ts'

const FORM = 'application/x-www-form-urlencoded'

async function withService(): Promise<{ fixture: Fixture; service: string }> {
  const fixture = await openFixture()
  const { token } = await fixture.person('service', ['introspect'])
  return { fixture, service: token }
}

const byForm = (fixture: Fixture, service: string, fields: Record<string, string>) =>
  fixture.ask('POST /v1/introspect', {
    token: service,
    raw: new URLSearchParams(fields).toString(),
    type: FORM,
  })

test('a valid token is active with its owner and times, for a form and for JSON', async () => {
  const { fixture, service } = await withService()
  await using _ = fixture
  const issued = fixture.clock.now()
  const ada = await fixture.person('ada', ['user', 'poet'])
  fixture.clock.advance(300_000)
  const form = await byForm(fixture, service, { token: ada.token, token_type_hint: 'access_token' })
  const json = await fixture.ask('POST /v1/introspect', {
    token: service,
    body: { token: ada.token },
  })
  assert.equal(form.status, 200)
  assert.deepEqual(form.body, json.body)
  assert.deepEqual(form.body, {
    active: true,
    sub: ada.id,
    username: 'ada',
    scope: 'user poet',
    token_type: 'Bearer',
    exp: (fixture.clock.now() + 3_600_000) / 1000,
    iat: issued / 1000,
    auth_time: issued / 1000,
    sid: ada.session,
  })
})

test('an invalid token is inactive, without a reason', async () => {
  const { fixture, service } = await withService()
  await using _ = fixture
  const [revoked, expired] = [await fixture.person('ada'), await fixture.person('bob')]
  await fixture.ask('DELETE /v1/session', { token: revoked.token })
  fixture.clock.advance(3_599_999)
  assert.equal((await fixture.ask('GET /v1/session', { token: service })).status, 200)
  fixture.clock.advance(1)
  for (const token of [
    revoked.token,
    expired.token,
    expired.renewal,
    nativeToken(),
    'x',
    ' ',
    '\u0000',
  ]) {
    const reply = await fixture.ask('POST /v1/introspect', { token: service, body: { token } })
    assert.deepEqual([reply.status, reply.text], [200, '{"active":false}'])
    assert.deepEqual(reply.cookies, [])
  }
  const form = await byForm(fixture, service, { token: revoked.token })
  assert.equal(form.text, '{"active":false}')
})

test('introspection needs the role and an own session', async () => {
  const { fixture } = await withService()
  await using _ = fixture
  const ada = await fixture.person('ada')
  const body = { token: ada.token }
  refused(await fixture.ask('POST /v1/introspect', { body }), 401, 'token_missing')
  refused(await fixture.ask('POST /v1/introspect', { token: 'x', body }), 401, 'token_invalid')
  for (const roles of [['user'], ['admin'], ['introspec'], ['introspect_']]) {
    const { token } = await fixture.person(`somebody ${roles[0]}${roles[0]?.length}`, roles)
    refused(await fixture.ask('POST /v1/introspect', { token, body }), 403, 'access_denied')
  }
})

test('a removed role takes effect at the next introspection', async () => {
  const { fixture, service } = await withService()
  await using _ = fixture
  const { body } = await fixture.ask('GET /v1/session', { token: service })
  const id = (body['actor'] as { id: string }).id
  await fixture.authority.actors.setRoles(id, [])
  refused(await byForm(fixture, service, { token: service }), 403, 'access_denied')
})

test('an introspected impersonation names its target and its impersonator', async () => {
  const { fixture, service } = await withService()
  await using _ = fixture
  const [ada, root] = [await fixture.person('ada'), await fixture.person('root', ['admin'])]
  const begun = await fixture.ask('POST /v1/impersonations', {
    token: root.token,
    body: { actor: ada.id },
  })
  const { token } = parsed(begun, 201, loggedInShape)
  const reply = await byForm(fixture, service, { token: token ?? '' })
  assert.deepEqual([reply.body['sub'], reply.body['act']], [ada.id, { sub: root.id }])
  const own = await byForm(fixture, service, { token: root.token })
  assert.equal(own.body['act'], undefined)
})

test('a form of an introspection may have unknown parameters, and none twice', async () => {
  const { fixture, service } = await withService()
  await using _ = fixture
  const ada = await fixture.person('ada')
  const known = await byForm(fixture, service, { token: ada.token })
  const fields = { token: ada.token, client_id: 'kettle', token_type_hint: 'refresh_token', x: '' }
  assert.deepEqual((await byForm(fixture, service, fields)).body, known.body)
  const raw = `token=x&token=${ada.token}`
  const twice = await fixture.ask('POST /v1/introspect', { token: service, raw, type: FORM })
  refused(twice, 400, 'invalid_request')
  const body = { token: ada.token, client_id: 'kettle' }
  const json = await fixture.ask('POST /v1/introspect', { token: service, body })
  refused(json, 400, 'invalid_request')
})

test('a role cannot have white space, so that a scope says what it means', async () => {
  const { fixture } = await withService()
  await using _ = fixture
  const { authority } = fixture
  const { id } = await fixture.person('ada')
  const spaced = ['user admin']
  await assert.rejects(authority.actors.setRoles(id, spaced), { code: 'invalid_request' })
  const registered = await authority.actors.register({
    name: 'bob',
    password: PASSWORD,
    roles: spaced,
  })
  assert.equal(registered.ok || registered.code, 'invalid_request')
  const imported = await authority.actors.import({ name: 'bob', roles: ['\tuser'] })
  assert.equal(imported.ok || imported.code, 'invalid_request')
})

test('whether an introspection extends the idle time is a setting', async () => {
  const { fixture, service } = await withService()
  await using _ = fixture
  const { authority, clock } = fixture
  const ada = await fixture.person('ada')
  const expiry = async () => {
    clock.advance(1_800_000)
    await authority.sessions.list({})
    const { body } = await byForm(fixture, service, { token: ada.token })
    return Number(body['exp']) - clock.now() / 1000
  }
  assert.equal(await expiry(), 3600)
  await authority.settings.set('introspection.extendsIdle', false)
  assert.equal(await expiry(), 1800)
})

test('an introspection without a token, or in another form, is an invalid request', async () => {
  const { fixture, service } = await withService()
  await using _ = fixture
  for (const fields of [{}, { token: '' }, { Token: 'x' }]) {
    refused(
      await byForm(fixture, service, fields as Record<string, string>),
      400,
      'invalid_request',
    )
  }
  const odd = await fixture.ask('POST /v1/introspect', {
    token: service,
    raw: '%zz=%&&=&tokens=x&__proto__=1',
    type: FORM,
  })
  refused(odd, 400, 'invalid_request')
  const long = await byForm(fixture, service, { token: 'x'.repeat(8193) })
  refused(long, 400, 'invalid_request')
  const text = await fixture.ask('POST /v1/introspect', {
    token: service,
    raw: 'token=x',
    type: 'text/plain',
  })
  refused(text, 415, 'unsupported_type')
})

test('a session bound to an address is active only for that address', async () => {
  const { fixture, service } = await withService()
  await using _ = fixture
  const { id } = await fixture.person('ada')
  const bound = await fixture.authority.sessions.loginAs(
    id,
    { bindAddress: true },
    { address: '192.0.2.1' },
  )
  assert.ok(bound.ok)
  const active = async (address?: string) => {
    const fields = { token: bound.token, ...(address === undefined ? {} : { address }) }
    return (await byForm(fixture, service, fields)).body['active']
  }
  assert.deepEqual(
    [await active('192.0.2.1'), await active('192.0.2.2'), await active(), await active('x')],
    [true, false, false, false],
  )
})
