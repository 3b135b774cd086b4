import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openFixture, PASSWORD, refused } from '../../../test/support/http-door.ts'

test('a repeated query field is refused', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada')
  for (const query of ['limit=2&limit=1', 'limit=1&limit=x', 'limit=1&limit=1']) {
    refused(await fixture.ask(`GET /v1/sessions?${query}`, { token }), 400, 'invalid_request')
  }
})

test('an unknown query field is refused on every route, whatever its method', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada')
  const body = { identity: 'ada', password: PASSWORD }
  for (const [what, asking] of [
    ['GET /v1/session?verbose=1', { token }],
    ['GET /v1/sessions?verbose=1', { token }],
    ['GET /.well-known/jwks.json?verbose=1', {}],
    ['POST /v1/sessions?verbose=1', { body }],
    ['DELETE /v1/sessions?except=current&verbose=1', { token }],
    ['DELETE /v1/session?verbose=1', { token }],
  ] as const) {
    refused(await fixture.ask(what, asking), 400, 'invalid_request')
  }
  assert.equal((await fixture.ask('GET /v1/session', { token })).status, 200)
})
