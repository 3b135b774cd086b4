import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import {
  type Fixture,
  openFixture,
  PASSWORD,
  parsed,
  type Reply,
} from '../../../test/support/http-door.ts'
import type { OnAnswered } from '../../commands/index.ts'
import { builtInCommands, createRegistry } from '../../commands/index.ts'
import { ROUTES } from './routes.ts'

const registry = createRegistry(builtInCommands)

const auditShape = z.strictObject({
  entries: z
    .array(
      z.strictObject({
        id: z.string(),
        at: z.int(),
        act: z.string(),
        outcome: z.string(),
        actor: z.string().nullable(),
        target: z.string().nullable(),
        session: z.string().nullable(),
        door: z.string().nullable(),
        address: z.string().nullable(),
        identityHash: z.string().nullable(),
        detail: z.record(z.string(), z.unknown()).nullable(),
      }),
    )
    .min(1),
  next: z.string().optional(),
})

const adminOf = (fixture: Fixture) => fixture.person('root', ['admin'])

/** An administrator asks about Ada. */
async function aboutAda(fixture: Fixture, ask: (id: string) => [string, unknown?]): Promise<Reply> {
  const admin = await adminOf(fixture)
  const [what, body] = ask((await fixture.person('ada')).id)
  return fixture.ask(what, { token: admin.token, ...(body === undefined ? {} : { body }) })
}

async function asAdmin(fixture: Fixture, what: string, body?: unknown): Promise<Reply> {
  const { token } = await adminOf(fixture)
  return fixture.ask(what, { token, ...(body === undefined ? {} : { body }) })
}

async function asAda(fixture: Fixture, what: string, body?: unknown): Promise<Reply> {
  const { token } = await fixture.person('ada')
  return fixture.ask(what, { token, ...(body === undefined ? {} : { body }) })
}

async function startDevice(fixture: Fixture): Promise<Record<string, unknown>> {
  return (await fixture.ask('POST /v1/device', { body: {} })).body
}

/** For every route a request that succeeds. */
const EXERCISES: Record<string, (fixture: Fixture) => Promise<Reply>> = {
  'POST /v1/actors': (fixture) =>
    fixture.ask('POST /v1/actors', {
      body: { name: 'ada', password: PASSWORD, email: 'ada@example.test' },
    }),
  async 'POST /v1/sessions'(fixture) {
    await fixture.person('ada')
    const body = { identity: 'ADA', password: PASSWORD, profile: 'device', label: 'laptop' }
    return fixture.ask('POST /v1/sessions', { body })
  },
  'POST /v1/sessions/anonymous': (fixture) =>
    fixture.ask('POST /v1/sessions/anonymous', { body: { label: 'kiosk' } }),
  'GET /v1/session': (fixture) => asAda(fixture, 'GET /v1/session'),
  async 'POST /v1/session/renew'(fixture) {
    const { renewal } = await fixture.person('ada')
    return fixture.ask('POST /v1/session/renew', { body: { renewal } })
  },
  'POST /v1/session/step-up': (fixture) =>
    asAda(fixture, 'POST /v1/session/step-up', { password: PASSWORD }),
  'DELETE /v1/session': (fixture) => asAda(fixture, 'DELETE /v1/session'),
  'GET /v1/sessions': (fixture) => asAda(fixture, 'GET /v1/sessions?limit=5'),
  async 'DELETE /v1/sessions/:id'(fixture) {
    const { session, token } = await fixture.person('ada')
    return fixture.ask(`DELETE /v1/sessions/${session}`, { token })
  },
  'DELETE /v1/sessions': (fixture) => asAda(fixture, 'DELETE /v1/sessions?except=current'),
  'POST /v1/password': (fixture) =>
    asAda(fixture, 'POST /v1/password', { current: PASSWORD, next: `${PASSWORD} again` }),
  async 'POST /v1/password-reset'(fixture) {
    const { id } = await fixture.person('ada')
    const reset = await fixture.authority.credentials.createPasswordReset(id)
    const code = reset.ok ? reset.code : ''
    return fixture.ask('POST /v1/password-reset', { body: { code, password: `${PASSWORD} again` } })
  },
  async 'POST /v1/codes/check'(fixture) {
    const invited = await fixture.authority.actors.invite()
    const code = invited.ok ? invited.code : ''
    return fixture.ask('POST /v1/codes/check', { body: { purpose: 'invitation', code } })
  },
  'GET /v1/actor/export': (fixture) => asAda(fixture, 'GET /v1/actor/export?limit=5'),
  'DELETE /v1/actor': (fixture) => asAda(fixture, 'DELETE /v1/actor'),
  'POST /v1/admin/invitations': (fixture) =>
    asAdmin(fixture, 'POST /v1/admin/invitations', { roles: ['user'] }),
  'POST /v1/admin/actors/:id/password-reset': (fixture) =>
    aboutAda(fixture, (id) => [`POST /v1/admin/actors/${id}/password-reset`]),
  'DELETE /v1/admin/actors/:id': (fixture) =>
    aboutAda(fixture, (id) => [`DELETE /v1/admin/actors/${id}`]),
  async 'POST /v1/introspect'(fixture) {
    const { token } = await fixture.person('service', ['introspect'])
    return fixture.ask('POST /v1/introspect', { token, body: { token } })
  },
  'POST /v1/impersonations': (fixture) =>
    aboutAda(fixture, (actor) => ['POST /v1/impersonations', { actor }]),
  async 'DELETE /v1/impersonations/current'(fixture) {
    const { body } = await aboutAda(fixture, (actor) => ['POST /v1/impersonations', { actor }])
    return fixture.ask('DELETE /v1/impersonations/current', { token: String(body['token']) })
  },
  'POST /v1/device': (fixture) =>
    fixture.ask('POST /v1/device', { body: { client: 'kettle', profile: 'agent' } }),
  async 'POST /v1/device/token'(fixture) {
    const { deviceCode } = await startDevice(fixture)
    return fixture.ask('POST /v1/device/token', { body: { deviceCode } })
  },
  async 'POST /v1/device/lookup'(fixture) {
    const { userCode } = await startDevice(fixture)
    return asAda(fixture, 'POST /v1/device/lookup', { userCode })
  },
  async 'POST /v1/device/approve'(fixture) {
    const { userCode } = await startDevice(fixture)
    return asAda(fixture, 'POST /v1/device/approve', { userCode })
  },
  async 'POST /v1/device/deny'(fixture) {
    const { userCode } = await startDevice(fixture)
    return asAda(fixture, 'POST /v1/device/deny', { userCode })
  },
  'GET /.well-known/jwks.json': (fixture) => fixture.ask('GET /.well-known/jwks.json'),
  'POST /v1/admin/keys/rotate': (fixture) => asAdmin(fixture, 'POST /v1/admin/keys/rotate'),
  async 'POST /v1/bootstrap'(fixture) {
    const code = await fixture.authority.actors.createClaimCode()
    const body = { code, name: 'root', password: PASSWORD, email: 'root@example.test' }
    return fixture.ask('POST /v1/bootstrap', { body })
  },
  'GET /v1/admin/actors': (fixture) =>
    asAdmin(fixture, 'GET /v1/admin/actors?text=ro&role=admin&status=active&limit=1'),
  'POST /v1/admin/actors/import': (fixture) =>
    asAdmin(fixture, 'POST /v1/admin/actors/import', { actors: [{ name: 'old' }] }),
  'GET /v1/admin/actors/:id': (fixture) =>
    aboutAda(fixture, (id) => [`GET /v1/admin/actors/${id}`]),
  'POST /v1/admin/actors/:id/suspend': (fixture) =>
    aboutAda(fixture, (id) => [`POST /v1/admin/actors/${id}/suspend`]),
  'POST /v1/admin/actors/:id/restore': (fixture) =>
    aboutAda(fixture, (id) => [`POST /v1/admin/actors/${id}/restore`, {}]),
  'PUT /v1/admin/actors/:id/roles': (fixture) =>
    aboutAda(fixture, (id) => [`PUT /v1/admin/actors/${id}/roles`, { roles: ['user', 'poet'] }]),
  'DELETE /v1/admin/actors/:owner/sessions': (fixture) =>
    aboutAda(fixture, (id) => [`DELETE /v1/admin/actors/${id}/sessions`]),
  'GET /v1/admin/sessions': (fixture) =>
    asAdmin(fixture, 'GET /v1/admin/sessions?profile=web&door=http'),
  async 'DELETE /v1/admin/sessions/:id'(fixture) {
    const { session } = await fixture.person('ada')
    return asAdmin(fixture, `DELETE /v1/admin/sessions/${session}`)
  },
  'POST /v1/admin/lock-all': (fixture) => asAdmin(fixture, 'POST /v1/admin/lock-all', {}),
  'GET /v1/admin/settings': (fixture) => asAdmin(fixture, 'GET /v1/admin/settings'),
  'PUT /v1/admin/settings/:name': (fixture) =>
    asAdmin(fixture, 'PUT /v1/admin/settings/password.minLength', { value: 12 }),
  'DELETE /v1/admin/settings/:name': (fixture) =>
    asAdmin(fixture, 'DELETE /v1/admin/settings/password.minLength'),
  'GET /v1/admin/audit': (fixture) => asAdmin(fixture, 'GET /v1/admin/audit?limit=10&since=0'),
  'POST /v1/admin/keys/replace': (fixture) => asAdmin(fixture, 'POST /v1/admin/keys/replace'),
  'GET /v1/admin/clients': (fixture) => asAdmin(fixture, 'GET /v1/admin/clients'),
  'POST /v1/admin/clients': (fixture) =>
    asAdmin(fixture, 'POST /v1/admin/clients', { id: 'kettle', roles: null, confidential: true }),
  async 'DELETE /v1/admin/clients/:id'(fixture) {
    await fixture.authority.clients.register({ id: 'kettle' })
    return asAdmin(fixture, 'DELETE /v1/admin/clients/kettle')
  },
  'POST /v1/admin/prune': (fixture) => asAdmin(fixture, 'POST /v1/admin/prune'),
}

test('every route has an exercise, and every exercise a route', () => {
  const routes = ROUTES.map(({ method, path }) => `${method} ${path}`)
  assert.deepEqual(Object.keys(EXERCISES).sort(), routes.sort())
})

for (const route of ROUTES) {
  const what = `${route.method} ${route.path}`
  test(`${what} answers ${route.status} with exactly what its reference says`, async () => {
    await using fixture = await openFixture()
    const reply = await EXERCISES[what]?.(fixture)
    assert.ok(reply !== undefined)
    assert.equal(reply.status, route.status, reply.text)
    assert.equal(reply.headers.get('x-content-type-options'), 'nosniff')
    assert.deepEqual(reply.cookies, [])
    if (route.status === 204) {
      assert.equal(reply.text, '')
      return
    }
    assert.equal(reply.headers.get('content-type'), 'application/json')
    const shape = route.command === 'admin.audit.list' ? auditShape : undefined
    parsed(reply, route.status, registry.find(route.command)?.result ?? shape ?? z.never())
  })
}

test('a login answers with the session, the actor, a token and a renewal code, once', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('ada')
  const reply = await fixture.ask('POST /v1/sessions', {
    body: { identity: 'ada', password: PASSWORD, label: 'laptop' },
  })
  assert.deepEqual(Object.keys(reply.body).sort(), ['actor', 'renewal', 'session', 'token'])
  const whoAmI = await fixture.ask('GET /v1/session', { token })
  assert.deepEqual(Object.keys(whoAmI.body).sort(), ['actor', 'session'])
  const listed = await fixture.ask('GET /v1/sessions', { token })
  for (const secret of [token, String(reply.body['token']), String(reply.body['renewal'])]) {
    assert.ok(!listed.text.includes(secret.slice(29, 72)))
  }
})

test('health needs no session, and readiness needs the store', async () => {
  let ready = true
  await using fixture = await openFixture({ door: { ready: () => ready } })
  assert.deepEqual((await fixture.ask('GET /healthz')).body, { status: 'ok' })
  assert.deepEqual((await fixture.ask('GET /readyz')).body, { status: 'ready' })
  ready = false
  const reply = await fixture.ask('GET /readyz')
  assert.deepEqual([reply.status, reply.headers.get('retry-after')], [503, '1'])
  assert.equal((await fixture.ask('GET /healthz')).status, 200)
})

test('metrics are rendered, and not found where there are none', async () => {
  await using without = await openFixture()
  assert.equal((await without.ask('GET /metrics')).body['code'], 'not_found')
  const metrics = async () => ({ contentType: 'text/plain; version=0.0.4', body: 'up 1\n' })
  await using fixture = await openFixture({ door: { metrics } })
  const reply = await fixture.ask('GET /metrics')
  assert.deepEqual([reply.status, reply.text], [200, 'up 1\n'])
  assert.equal(reply.headers.get('content-type'), 'text/plain; version=0.0.4')
})

test('every answer of a route is counted, refusals of the body and the query included', async () => {
  const counted: [string, number][] = []
  const onAnswered: OnAnswered = ({ method, route, status }) =>
    void counted.push([`${method} ${route}`, Number(status)])
  await using fixture = await openFixture({ door: { onAnswered } })
  await fixture.ask('GET /v1/session')
  await fixture.ask('POST /v1/actors', { raw: '{', type: 'application/json' })
  await fixture.ask('POST /v1/actors', { raw: 'a', type: 'text/plain' })
  await fixture.ask('POST /v1/actors', { body: {} })
  await fixture.ask('DELETE /v1/sessions')
  await fixture.ask('DELETE /v1/sessions/someone')
  assert.deepEqual(counted, [
    ['GET /v1/session', 401],
    ['POST /v1/actors', 400],
    ['POST /v1/actors', 415],
    ['POST /v1/actors', 400],
    ['DELETE /v1/sessions', 400],
    ['DELETE /v1/sessions/:id', 401],
  ])
})
