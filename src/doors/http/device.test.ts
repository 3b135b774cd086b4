import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Fixture,
  openFixture,
  PASSWORD,
  parsed,
  refused,
} from '../../../test/support/http-door.ts'
import { loggedInShape } from '../../commands/built-in/shapes.ts'
import { redact } from '../../server/redact.ts'

async function signedToken(fixture: Fixture): Promise<string> {
  await fixture.authority.actors.register({ name: 'ada', password: PASSWORD })
  const request = { identity: 'ada', password: PASSWORD, profile: 'agent', format: 'jwt' } as const
  const login = await fixture.authority.login(request)
  assert.ok(login.ok)
  return login.token
}

test('a signed token is accepted as a bearer token on every path', async () => {
  await using fixture = await openFixture()
  const token = await signedToken(fixture)
  assert.equal((await fixture.ask('GET /v1/session', { token })).status, 200)
  assert.equal((await fixture.ask('GET /v1/sessions', { token })).status, 200)
  const [header, payload] = token.split('.')
  const forged = `${header}.${payload}.${'A'.repeat(86)}`
  refused(await fixture.ask('GET /v1/session', { token: forged }), 401, 'token_invalid')
  fixture.clock.advance(600_000)
  refused(await fixture.ask('GET /v1/session', { token }), 401, 'session_expired')
})

test('the public keys may be cached for five minutes', async () => {
  await using fixture = await openFixture()
  const { headers, body } = await fixture.ask('GET /.well-known/jwks.json')
  assert.equal(headers.get('cache-control'), 'public, max-age=300')
  assert.deepEqual(body, fixture.authority.keys.jwks())
})

test('a device logs in over HTTP after approval on a page', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada')
  const { body } = await fixture.ask('POST /v1/device', { body: { client: 'kettle' } })
  const { deviceCode, userCode } = body
  const poll = () => fixture.ask('POST /v1/device/token', { body: { deviceCode } })
  assert.deepEqual((await poll()).body, { state: 'pending', intervalMs: 5000 })
  assert.deepEqual((await poll()).body, { state: 'slow_down', intervalMs: 10_000 })
  const seen = await fixture.ask('POST /v1/device/lookup', { token, body: { userCode } })
  assert.equal(seen.body['label'], 'kettle')
  await fixture.ask('POST /v1/device/approve', { token, body: { userCode } })
  const reply = await poll()
  assert.equal(reply.body['state'], 'approved')
  const { state: _, ...login } = reply.body
  const { token: own = '' } = parsed({ ...reply, body: login }, 200, loggedInShape)
  assert.equal((await fixture.ask('GET /v1/session', { token: own })).status, 200)
  refused(await poll(), 404, 'not_found')
})

test('no signed token and no device code reaches a log', async () => {
  await using fixture = await openFixture()
  const token = await signedToken(fixture)
  const { text, body } = await fixture.ask('POST /v1/device', { body: {} })
  const line = redact(
    `{"url":"/x?${token}","msg":"${body['deviceCode']} at ${token}.","body":${text}}`,
  )
  for (const secret of [
    token.slice(0, 40),
    token.slice(-40),
    body['deviceCode'],
    body['userCode'],
  ]) {
    assert.ok(!line.includes(String(secret)), line)
  }
})
