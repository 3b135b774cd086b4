import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { builtInCommands, createRegistry } from '../../commands/index.ts'
import { ROUTES } from './routes.ts'
import { type House, openHouse, PASSWORD, parsed, type Reply } from '../../../test/support/http-door.ts'

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

const adminOf = (house: House) => house.person('root', ['admin'])

/** An administrator asks about Ada. */
async function aboutAda(house: House, ask: (id: string) => [string, unknown?]): Promise<Reply> {
  const admin = await adminOf(house)
  const [what, body] = ask((await house.person('ada')).id)
  return house.ask(what, { token: admin.token, ...(body === undefined ? {} : { body }) })
}

async function asAdmin(house: House, what: string, body?: unknown): Promise<Reply> {
  const { token } = await adminOf(house)
  return house.ask(what, { token, ...(body === undefined ? {} : { body }) })
}

async function asAda(house: House, what: string, body?: unknown): Promise<Reply> {
  const { token } = await house.person('ada')
  return house.ask(what, { token, ...(body === undefined ? {} : { body }) })
}

async function startDevice(house: House): Promise<Record<string, unknown>> {
  return (await house.ask('POST /v1/device', { body: {} })).body
}

/** For every route a request that succeeds. */
const EXERCISES: Record<string, (house: House) => Promise<Reply>> = {
  'POST /v1/actors': (house) =>
    house.ask('POST /v1/actors', {
      body: { name: 'ada', password: PASSWORD, email: 'ada@example.test' },
    }),
  async 'POST /v1/sessions'(house) {
    await house.person('ada')
    const body = { identity: 'ADA', password: PASSWORD, profile: 'device', label: 'laptop' }
    return house.ask('POST /v1/sessions', { body })
  },
  'POST /v1/sessions/anonymous': (house) =>
    house.ask('POST /v1/sessions/anonymous', { body: { label: 'kiosk' } }),
  'GET /v1/session': (house) => asAda(house, 'GET /v1/session'),
  async 'POST /v1/session/renew'(house) {
    const { renewal } = await house.person('ada')
    return house.ask('POST /v1/session/renew', { body: { renewal } })
  },
  'POST /v1/session/step-up': (house) =>
    asAda(house, 'POST /v1/session/step-up', { password: PASSWORD }),
  'DELETE /v1/session': (house) => asAda(house, 'DELETE /v1/session'),
  'GET /v1/sessions': (house) => asAda(house, 'GET /v1/sessions?limit=5'),
  async 'DELETE /v1/sessions/:id'(house) {
    const { session, token } = await house.person('ada')
    return house.ask(`DELETE /v1/sessions/${session}`, { token })
  },
  'DELETE /v1/sessions': (house) => asAda(house, 'DELETE /v1/sessions?except=current'),
  'POST /v1/password': (house) =>
    asAda(house, 'POST /v1/password', { current: PASSWORD, next: `${PASSWORD} again` }),
  async 'POST /v1/introspect'(house) {
    const { token } = await house.person('service', ['introspect'])
    return house.ask('POST /v1/introspect', { token, body: { token } })
  },
  'POST /v1/impersonations': (house) =>
    aboutAda(house, (actor) => ['POST /v1/impersonations', { actor }]),
  async 'DELETE /v1/impersonations/current'(house) {
    const { body } = await aboutAda(house, (actor) => ['POST /v1/impersonations', { actor }])
    return house.ask('DELETE /v1/impersonations/current', { token: String(body['token']) })
  },
  'POST /v1/device': (house) =>
    house.ask('POST /v1/device', { body: { client: 'kettle', profile: 'agent' } }),
  async 'POST /v1/device/token'(house) {
    const { deviceCode } = await startDevice(house)
    return house.ask('POST /v1/device/token', { body: { deviceCode } })
  },
  async 'POST /v1/device/lookup'(house) {
    const { userCode } = await startDevice(house)
    return asAda(house, 'POST /v1/device/lookup', { userCode })
  },
  async 'POST /v1/device/approve'(house) {
    const { userCode } = await startDevice(house)
    return asAda(house, 'POST /v1/device/approve', { userCode })
  },
  async 'POST /v1/device/deny'(house) {
    const { userCode } = await startDevice(house)
    return asAda(house, 'POST /v1/device/deny', { userCode })
  },
  'GET /.well-known/jwks.json': (house) => house.ask('GET /.well-known/jwks.json'),
  'POST /v1/admin/keys/rotate': (house) => asAdmin(house, 'POST /v1/admin/keys/rotate'),
  async 'POST /v1/bootstrap'(house) {
    const code = await house.authority.createClaimCode()
    const body = { code, name: 'root', password: PASSWORD, email: 'root@example.test' }
    return house.ask('POST /v1/bootstrap', { body })
  },
  'GET /v1/admin/actors': (house) =>
    asAdmin(house, 'GET /v1/admin/actors?text=ro&role=admin&status=active&limit=1'),
  'POST /v1/admin/actors/import': (house) =>
    asAdmin(house, 'POST /v1/admin/actors/import', { actors: [{ name: 'old' }] }),
  'GET /v1/admin/actors/:id': (house) => aboutAda(house, (id) => [`GET /v1/admin/actors/${id}`]),
  'POST /v1/admin/actors/:id/suspend': (house) =>
    aboutAda(house, (id) => [`POST /v1/admin/actors/${id}/suspend`]),
  'POST /v1/admin/actors/:id/restore': (house) =>
    aboutAda(house, (id) => [`POST /v1/admin/actors/${id}/restore`, {}]),
  'PUT /v1/admin/actors/:id/roles': (house) =>
    aboutAda(house, (id) => [`PUT /v1/admin/actors/${id}/roles`, { roles: ['user', 'poet'] }]),
  'DELETE /v1/admin/actors/:owner/sessions': (house) =>
    aboutAda(house, (id) => [`DELETE /v1/admin/actors/${id}/sessions`]),
  'GET /v1/admin/sessions': (house) =>
    asAdmin(house, 'GET /v1/admin/sessions?profile=web&door=http'),
  async 'DELETE /v1/admin/sessions/:id'(house) {
    const { session } = await house.person('ada')
    return asAdmin(house, `DELETE /v1/admin/sessions/${session}`)
  },
  'POST /v1/admin/lock-all': (house) => asAdmin(house, 'POST /v1/admin/lock-all', {}),
  'GET /v1/admin/settings': (house) => asAdmin(house, 'GET /v1/admin/settings'),
  'PUT /v1/admin/settings/:name': (house) =>
    asAdmin(house, 'PUT /v1/admin/settings/password.minLength', { value: 12 }),
  'DELETE /v1/admin/settings/:name': (house) =>
    asAdmin(house, 'DELETE /v1/admin/settings/password.minLength'),
  'GET /v1/admin/audit': (house) => asAdmin(house, 'GET /v1/admin/audit?limit=10&since=0'),
  'POST /v1/admin/prune': (house) => asAdmin(house, 'POST /v1/admin/prune'),
}

test('every route has an exercise here, and every exercise a route', () => {
  const routes = ROUTES.map(({ method, path }) => `${method} ${path}`)
  assert.deepEqual(Object.keys(EXERCISES).sort(), routes.sort())
})

for (const route of ROUTES) {
  const what = `${route.method} ${route.path}`
  test(`${what} answers ${route.status} with exactly what its reference says`, async () => {
    await using house = await openHouse()
    const reply = await EXERCISES[what]?.(house)
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
  await using house = await openHouse()
  const { token } = await house.person('ada')
  const reply = await house.ask('POST /v1/sessions', {
    body: { identity: 'ada', password: PASSWORD, label: 'laptop' },
  })
  assert.deepEqual(Object.keys(reply.body).sort(), ['actor', 'renewal', 'session', 'token'])
  const whoAmI = await house.ask('GET /v1/session', { token })
  assert.deepEqual(Object.keys(whoAmI.body).sort(), ['actor', 'session'])
  const listed = await house.ask('GET /v1/sessions', { token })
  for (const secret of [token, String(reply.body['token']), String(reply.body['renewal'])]) {
    assert.ok(!listed.text.includes(secret.slice(29, 72)))
  }
})

test('health is told without a session, and readiness by whether the store answers', async () => {
  let ready = true
  await using house = await openHouse({ door: { ready: () => ready } })
  assert.deepEqual((await house.ask('GET /healthz')).body, { status: 'ok' })
  assert.deepEqual((await house.ask('GET /readyz')).body, { status: 'ready' })
  ready = false
  const reply = await house.ask('GET /readyz')
  assert.deepEqual([reply.status, reply.headers.get('retry-after')], [503, '1'])
  assert.equal((await house.ask('GET /healthz')).status, 200)
})

test('metrics are those that are kept, and not found where none are', async () => {
  await using without = await openHouse()
  assert.equal((await without.ask('GET /metrics')).body['code'], 'not_found')
  const metrics = async () => ({ contentType: 'text/plain; version=0.0.4', body: 'up 1\n' })
  await using house = await openHouse({ door: { metrics } })
  const reply = await house.ask('GET /metrics')
  assert.deepEqual([reply.status, reply.text], [200, 'up 1\n'])
  assert.equal(reply.headers.get('content-type'), 'text/plain; version=0.0.4')
})

test('every answer of a route is told, refusals of the body and the query included', async () => {
  const told: [string, number][] = []
  const onAnswer = (route: string, status: number) => void told.push([route, status])
  await using house = await openHouse({ door: { onAnswer } })
  await house.ask('GET /v1/session')
  await house.ask('POST /v1/actors', { raw: '{', type: 'application/json' })
  await house.ask('POST /v1/actors', { raw: 'a', type: 'text/plain' })
  await house.ask('POST /v1/actors', { body: {} })
  await house.ask('DELETE /v1/sessions')
  await house.ask('DELETE /v1/sessions/someone')
  assert.deepEqual(told, [
    ['GET /v1/session', 401],
    ['POST /v1/actors', 400],
    ['POST /v1/actors', 415],
    ['POST /v1/actors', 400],
    ['DELETE /v1/sessions', 400],
    ['DELETE /v1/sessions/:id', 401],
  ])
})
