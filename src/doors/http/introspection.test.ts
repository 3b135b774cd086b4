import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loggedInShape } from '../../commands/built-in/shapes.ts'
import { type House, nativeToken, openHouse, parsed, refused } from '../../../test/support/http-door.ts'

const FORM = 'application/x-www-form-urlencoded'

async function withService(): Promise<{ house: House; service: string }> {
  const house = await openHouse()
  const { token } = await house.person('service', ['introspect'])
  return { house, service: token }
}

const byForm = (house: House, service: string, fields: Record<string, string>) =>
  house.ask('POST /v1/introspect', {
    token: service,
    raw: new URLSearchParams(fields).toString(),
    type: FORM,
  })

test('a good token is active, with whose it is and since when, by form and by JSON alike', async () => {
  const { house, service } = await withService()
  await using _ = house
  const issued = house.clock.now()
  const ada = await house.person('ada', ['user', 'poet'])
  house.clock.advance(300_000)
  const form = await byForm(house, service, { token: ada.token, token_type_hint: 'access_token' })
  const json = await house.ask('POST /v1/introspect', {
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
    exp: (house.clock.now() + 3_600_000) / 1000,
    iat: issued / 1000,
    auth_time: issued / 1000,
    sid: ada.session,
  })
})

test('a token that is not good is inactive, and nothing more is said', async () => {
  const { house, service } = await withService()
  await using _ = house
  const [revoked, expired] = [await house.person('ada'), await house.person('bob')]
  await house.ask('DELETE /v1/session', { token: revoked.token })
  house.clock.advance(3_599_999)
  assert.equal((await house.ask('GET /v1/session', { token: service })).status, 200)
  house.clock.advance(1)
  for (const token of [
    revoked.token,
    expired.token,
    expired.renewal,
    nativeToken(),
    'x',
    ' ',
    '\u0000',
  ]) {
    const reply = await house.ask('POST /v1/introspect', { token: service, body: { token } })
    assert.deepEqual([reply.status, reply.text], [200, '{"active":false}'])
    assert.deepEqual(reply.cookies, [])
  }
  const form = await byForm(house, service, { token: revoked.token })
  assert.equal(form.text, '{"active":false}')
})

test('only a service with the role may ask, by a session of its own', async () => {
  const { house } = await withService()
  await using _ = house
  const ada = await house.person('ada')
  const body = { token: ada.token }
  refused(await house.ask('POST /v1/introspect', { body }), 401, 'token_missing')
  refused(await house.ask('POST /v1/introspect', { token: 'x', body }), 401, 'token_invalid')
  for (const roles of [['user'], ['admin'], ['introspec'], ['introspect ']]) {
    const { token } = await house.person(`somebody ${roles[0]}${roles[0]?.length}`, roles)
    refused(await house.ask('POST /v1/introspect', { token, body }), 403, 'access_denied')
  }
})

test('a role that is taken away counts at the next question', async () => {
  const { house, service } = await withService()
  await using _ = house
  const { body } = await house.ask('GET /v1/session', { token: service })
  const id = (body['actor'] as { id: string }).id
  await house.authority.setRoles(id, [])
  refused(await byForm(house, service, { token: service }), 403, 'access_denied')
})

test('an impersonation shows whom it acts as, and who acts', async () => {
  const { house, service } = await withService()
  await using _ = house
  const [ada, root] = [await house.person('ada'), await house.person('root', ['admin'])]
  const begun = await house.ask('POST /v1/impersonations', {
    token: root.token,
    body: { actor: ada.id },
  })
  const { token } = parsed(begun, 201, loggedInShape)
  const reply = await byForm(house, service, { token: token ?? '' })
  assert.deepEqual([reply.body['sub'], reply.body['act']], [ada.id, { sub: root.id }])
  const own = await byForm(house, service, { token: root.token })
  assert.equal(own.body['act'], undefined)
})

test('a question without a token, or with more than is known, is no request', async () => {
  const { house, service } = await withService()
  await using _ = house
  for (const fields of [{}, { token: '' }, { Token: 'x' }, { token: 'x', other: 'y' }]) {
    refused(await byForm(house, service, fields as Record<string, string>), 400, 'invalid_request')
  }
  const odd = await house.ask('POST /v1/introspect', {
    token: service,
    raw: '%zz=%&&=&token=x&__proto__=1',
    type: FORM,
  })
  refused(odd, 400, 'invalid_request')
  const long = await byForm(house, service, { token: 'x'.repeat(8193) })
  refused(long, 400, 'invalid_request')
  const text = await house.ask('POST /v1/introspect', {
    token: service,
    raw: 'token=x',
    type: 'text/plain',
  })
  refused(text, 415, 'unsupported_type')
})

test('a session bound to an address is active for that address alone', async () => {
  const { house, service } = await withService()
  await using _ = house
  const { id } = await house.person('ada')
  const bound = await house.authority.loginAs(id, { bindAddress: true }, { address: '192.0.2.1' })
  assert.ok(bound.ok)
  const active = async (address?: string) => {
    const fields = { token: bound.token, ...(address === undefined ? {} : { address }) }
    return (await byForm(house, service, fields)).body['active']
  }
  assert.deepEqual(
    [await active('192.0.2.1'), await active('192.0.2.2'), await active(), await active('x')],
    [true, false, false, false],
  )
})
