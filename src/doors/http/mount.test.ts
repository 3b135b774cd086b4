import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Hono } from 'hono'
import { openFixture, PASSWORD, read, refused } from '../../../test/support/http-door.ts'
import { ROUTES } from './routes.ts'

for (const prefix of ['/auth', '/auth/', '/a/b-c', '/~x/v1']) {
  test(`mounted under ${prefix}, every route is below the prefix and none outside`, async () => {
    await using fixture = await openFixture({ door: { prefix } })
    const base = prefix.replace(/\/$/, '')
    const body = { name: 'ada', password: PASSWORD }
    assert.equal((await fixture.ask(`POST ${base}/v1/actors`, { body })).status, 201)
    const login = await fixture.ask(`POST ${base}/v1/sessions`, {
      body: { identity: 'ada', password: PASSWORD },
    })
    const token = String(login.body['token'])
    for (const path of [
      '/v1/session',
      '/v1/sessions',
      '/healthz',
      '/readyz',
      '/docs',
      '/openapi.json',
    ]) {
      assert.equal((await fixture.ask(`GET ${base}${path}`, { token })).status, 200, path)
      refused(await fixture.ask(`GET ${path}`, { token }), 404, 'not_found')
      refused(await fixture.ask(`GET ${base}x${path}`, { token }), 404, 'not_found')
      refused(await fixture.ask(`GET ${base}${base}${path}`, { token }), 404, 'not_found')
    }
    for (const { method, path } of ROUTES) {
      const where = path.replaceAll(/:\w+/g, 'x')
      refused(await fixture.ask(`${method} ${where}`, { token }), 404, 'not_found')
    }
  })
}

test('mounted in an application, the door answers its own paths and the application all others', async () => {
  await using fixture = await openFixture({ door: { prefix: '/auth' } })
  const app = new Hono()
  app.all('/auth/*', (c) => fixture.fetch(c.req.raw))
  app.get('/', (c) => c.text('mine'))
  assert.equal(await (await app.request('/')).text(), 'mine')
  const reply = await read(await app.request('/auth/v1/session'))
  refused(reply, 401, 'token_missing')
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'ada', password: PASSWORD }),
  }
  assert.equal((await read(await app.request('/auth/v1/actors', init))).status, 201)
})

test('two doors of one authority work side by side, and accept each other’s tokens', async () => {
  await using fixture = await openFixture({ door: { prefix: '/one' } })
  const { createHandler } = await import('./index.ts')
  const other = createHandler(fixture.authority, { prefix: '/two' })
  await fixture.authority.actors.register({ name: 'ada', password: PASSWORD })
  const login = await fixture.ask('POST /one/v1/sessions', {
    body: { identity: 'ada', password: PASSWORD },
  })
  const headers = { authorization: `Bearer ${String(login.body['token'])}` }
  const ask = (method: string) =>
    other(new Request('http://localhost/two/v1/session', { method, headers }))
  assert.equal((await ask('GET')).status, 200)
  assert.equal((await ask('DELETE')).status, 204)
  const after = await fixture.ask('GET /one/v1/session', { token: String(login.body['token']) })
  refused(after, 401, 'session_revoked', 'logged_out')
})
