import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import {
  type Fixture,
  openFixture,
  PASSWORD,
  type Person,
  parsed,
  type Reply,
  refused,
} from '../../../test/support/http-door.ts'
import { actorShape, loggedInShape, whoAmIShape } from '../../commands/built-in/shapes.ts'
import { ROUTES } from './routes.ts'

const FRESH_MS = 15 * 60_000
const GUARDED = ROUTES.filter(
  ({ command }) => command.startsWith('admin.') && command !== 'admin.claim',
)

const urlOf = (path: string) => path.replaceAll(/:\w+/g, 'somebody')

/** Asks every administrator's route, with nothing in the body. */
async function everyRoute(fixture: Fixture, token: string): Promise<Reply[]> {
  return Promise.all(
    GUARDED.map(({ method, path }) => fixture.ask(`${method} ${urlOf(path)}`, { token })),
  )
}

async function withAdmin(settings: Parameters<typeof openFixture>[0] = {}) {
  const fixture = await openFixture(settings)
  return { fixture, admin: await fixture.person('root', ['admin']) }
}

async function actingAs(fixture: Fixture, by: Person, target: Person): Promise<string> {
  const body = { actor: target.id }
  const reply = await fixture.ask('POST /v1/impersonations', { token: by.token, body })
  return parsed(reply, 201, loggedInShape).token ?? ''
}

test('without the role every route of administration is denied', async () => {
  await using fixture = await openFixture()
  assert.equal(GUARDED.length, 23)
  const { token } = await fixture.person('ada', ['user', 'impersonate', 'introspect', 'Admin'])
  for (const reply of await everyRoute(fixture, token)) refused(reply, 403, 'access_denied')
  const visitor = await fixture.ask('POST /v1/sessions/anonymous')
  for (const reply of await everyRoute(fixture, String(visitor.body['token']))) {
    refused(reply, 403, 'access_denied')
  }
})

test('without a session every route of administration says that a token is missing', async () => {
  await using fixture = await openFixture()
  for (const { method, path } of GUARDED) {
    refused(await fixture.ask(`${method} ${urlOf(path)}`), 401, 'token_missing')
  }
})

test('a proof older than 15 minutes must be made again, at every route of administration', async () => {
  const { fixture, admin } = await withAdmin()
  await using _ = fixture
  fixture.clock.advance(FRESH_MS - 1)
  assert.equal((await fixture.ask('GET /v1/admin/actors', { token: admin.token })).status, 200)
  fixture.clock.advance(1)
  for (const reply of await everyRoute(fixture, admin.token)) stillValid(reply)
  // Routes that need no fresh proof still answer.
  assert.equal((await fixture.ask('GET /v1/sessions', { token: admin.token })).status, 200)
  const stepUp = await fixture.ask('POST /v1/session/step-up', {
    token: admin.token,
    body: { password: PASSWORD },
  })
  const token = parsed(stepUp, 200, loggedInShape).token ?? ''
  assert.equal((await fixture.ask('GET /v1/admin/actors', { token })).status, 200)
})

/** The answer of RFC 9470, which takes no cookie away: the session is still valid. */
function stillValid(reply: Awaited<ReturnType<Fixture['ask']>>): void {
  refused(reply, 401, 'step_up_required')
  assert.equal(
    reply.headers.get('www-authenticate'),
    'Bearer realm="latchkey", error="insufficient_user_authentication", max_age=900',
  )
  assert.equal(reply.headers.get('set-cookie'), null)
}

test('a client with a cookie gets the same challenge, and keeps its cookie', async () => {
  const { fixture, admin } = await withAdmin()
  await using _ = fixture
  fixture.clock.advance(FRESH_MS)
  const cookie = `__Host-latchkey=${admin.token}`
  stillValid(await fixture.ask('GET /v1/admin/actors', { headers: { cookie } }))
})

test('a renewal is not a fresh proof', async () => {
  const { fixture, admin } = await withAdmin()
  await using _ = fixture
  fixture.clock.advance(FRESH_MS)
  const renewed = await fixture.ask('POST /v1/session/renew', { body: { renewal: admin.renewal } })
  const token = parsed(renewed, 200, loggedInShape).token ?? ''
  refused(await fixture.ask('GET /v1/admin/actors', { token }), 401, 'step_up_required')
})

test('a removed or an added role takes effect at the next request', async () => {
  const { fixture, admin } = await withAdmin()
  await using _ = fixture
  const second = await fixture.person('second', ['user'])
  const roles = (list: readonly string[]) =>
    fixture.ask(`PUT /v1/admin/actors/${second.id}/roles`, {
      token: admin.token,
      body: { roles: list },
    })
  const search = () => fixture.ask('GET /v1/admin/actors', { token: second.token })
  refused(await search(), 403, 'access_denied')
  await roles(['admin'])
  assert.equal((await search()).status, 200)
  await roles(['user'])
  refused(await search(), 403, 'access_denied')
})

test('an impersonation is denied every route that needs an own session', async () => {
  const { fixture, admin } = await withAdmin()
  await using _ = fixture
  const ada = await fixture.person('ada', ['user', 'introspect', 'impersonate'])
  const token = await actingAs(fixture, admin, ada)
  for (const reply of await everyRoute(fixture, token)) refused(reply, 403, 'access_denied')
  for (const [what, body] of [
    ['POST /v1/session/step-up', { password: PASSWORD }],
    ['GET /v1/sessions'],
    ['DELETE /v1/sessions?except=current'],
    [`DELETE /v1/sessions/${ada.session}`],
    ['POST /v1/password', { current: PASSWORD, next: `${PASSWORD} again` }],
    ['POST /v1/introspect', { token: ada.token }],
    ['POST /v1/impersonations', { actor: admin.id }],
  ] as const) {
    refused(await fixture.ask(what, { token, ...(body && { body }) }), 403, 'access_denied')
  }
  const who = parsed(await fixture.ask('GET /v1/session', { token }), 200, whoAmIShape)
  assert.deepEqual([who.actor.id, who.impersonator?.id], [ada.id, admin.id])
  assert.equal((await fixture.ask('GET /v1/session', { token: ada.token })).status, 200)
})

test('impersonating an administrator, oneself, an unknown actor, or without the role is refused', async () => {
  const { fixture, admin } = await withAdmin()
  await using _ = fixture
  const other = await fixture.person('other', ['admin'])
  const ada = await fixture.person('ada')
  const start = (by: Person, actor: string) =>
    fixture.ask('POST /v1/impersonations', { token: by.token, body: { actor } })
  refused(await start(admin, other.id), 403, 'access_denied')
  refused(await start(admin, admin.id), 403, 'access_denied')
  refused(await start(admin, 'nobody'), 404, 'not_found')
  refused(await start(ada, admin.id), 403, 'access_denied')
  const helper = await fixture.person('helper', ['impersonate'])
  assert.equal((await start(helper, ada.id)).status, 201)
  refused(await start(helper, admin.id), 403, 'access_denied')
})

test('a changed setting takes effect at the next login, and so does its removal', async () => {
  const { fixture, admin } = await withAdmin()
  await using _ = fixture
  const before = await fixture.person('ada')
  const what = 'PUT /v1/admin/settings/profile.web.idleMs'
  const put = await fixture.ask(what, { token: admin.token, body: { value: 60_000 } })
  assert.equal(put.status, 204)
  const after = await fixture.login('ada')
  fixture.clock.advance(60_000)
  refused(await fixture.ask('GET /v1/session', { token: after.token }), 401, 'session_expired')
  assert.equal((await fixture.ask('GET /v1/session', { token: before.token })).status, 200)
  await fixture.ask('DELETE /v1/admin/settings/profile.web.idleMs', { token: admin.token })
  const again = await fixture.login('ada')
  fixture.clock.advance(60_000)
  assert.equal((await fixture.ask('GET /v1/session', { token: again.token })).status, 200)
})

test('a setting refuses a value of another type, and the message names the setting', async () => {
  const { fixture, admin } = await withAdmin()
  await using _ = fixture
  const put = (name: string, value: unknown) =>
    fixture.ask(`PUT /v1/admin/settings/${name}`, { token: admin.token, body: { value } })
  for (const value of ['60000', -1, 0, 1.5, true, {}, [], 1e15]) {
    const reply = await put('profile.web.idleMs', value)
    refused(reply, 400, 'invalid_request')
    assert.match(reply.text, /profile\.web\.idleMs/)
  }
  refused(await put('password.minLength', null), 400, 'invalid_request')
  refused(await put('no.such.setting', 1), 400, 'invalid_request')
  const none = await fixture.ask('PUT /v1/admin/settings/password.minLength', {
    token: admin.token,
  })
  refused(none, 400, 'invalid_request')
  assert.equal((await put('profile.web.idleMs', null)).status, 204)
})

test('lock-all ends every session, the administrator’s included', async () => {
  const { fixture, admin } = await withAdmin()
  await using _ = fixture
  const ada = await fixture.person('ada')
  const reply = await fixture.ask('POST /v1/admin/lock-all', { token: admin.token })
  assert.deepEqual([reply.status, reply.body], [200, { epoch: 1 }])
  for (const { token } of [admin, ada]) {
    refused(await fixture.ask('GET /v1/session', { token }), 401, 'session_revoked', 'locked')
  }
  const renew = await fixture.ask('POST /v1/session/renew', { body: { renewal: ada.renewal } })
  refused(renew, 401, 'session_revoked', 'locked')
  await fixture.login('ada')
})

test('suspending ends every session and refuses logins; restoring allows logins again', async () => {
  const { fixture, admin } = await withAdmin()
  await using _ = fixture
  const ada = await fixture.person('ada')
  const acting = await actingAs(fixture, admin, ada)
  const change = (what: string) =>
    fixture.ask(`POST /v1/admin/actors/${ada.id}/${what}`, { token: admin.token })
  const suspended = parsed(await change('suspend'), 200, z.strictObject({ actor: actorShape }))
  assert.equal(suspended.actor.status, 'suspended')
  for (const token of [ada.token, acting]) {
    refused(await fixture.ask('GET /v1/session', { token }), 401, 'session_revoked', 'suspended')
  }
  const login = (password: string) =>
    fixture.ask('POST /v1/sessions', { body: { identity: 'ada', password } })
  refused(await login(PASSWORD), 403, 'actor_suspended')
  refused(await login('wrong'), 401, 'credentials_invalid')
  assert.equal((await change('restore')).status, 200)
  assert.equal((await login(PASSWORD)).status, 201)
  refused(
    await fixture.ask('POST /v1/admin/actors/x/suspend', { token: admin.token }),
    404,
    'not_found',
  )
})

test('an administrator ends one session of an actor, or all of them', async () => {
  const { fixture, admin } = await withAdmin()
  await using _ = fixture
  const [first, second] = [await fixture.person('ada'), await fixture.login('ada')]
  const end = (what: string) => fixture.ask(`DELETE ${what}`, { token: admin.token })
  assert.equal((await end(`/v1/admin/sessions/${first.session}`)).status, 204)
  refused(await end('/v1/admin/sessions/nosuch'), 404, 'not_found')
  refused(await end('/v1/admin/actors/nosuch/sessions'), 404, 'not_found')
  refused(
    await fixture.ask('GET /v1/session', { token: first.token }),
    401,
    'session_revoked',
    'revoked',
  )
  assert.equal((await fixture.ask('GET /v1/session', { token: second.token })).status, 200)
  const all = await end(`/v1/admin/actors/${first.id}/sessions`)
  assert.deepEqual([all.status, all.body], [200, { ended: 1 }])
  refused(
    await fixture.ask('GET /v1/session', { token: second.token }),
    401,
    'session_revoked',
    'revoked',
  )
  assert.equal((await fixture.ask('GET /v1/session', { token: admin.token })).status, 200)
})

test('an import has an outcome for each actor, and an imported actor can log in', async () => {
  const { fixture, admin } = await withAdmin()
  await using _ = fixture
  // scrypt of "correct horse", N=16384, r=8, p=1.
  const { scryptSync } = await import('node:crypto')
  const salt = Buffer.from('0123456789abcdef')
  const plain = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')
  const hash = scryptSync('correct horse', salt, 32)
  const passwordHash = `$scrypt$ln=14,r=8,p=1$${plain(salt)}$${plain(hash)}`
  const id = '0b8f1c9e-0000-4000-8000-000000000001'
  const reply = await fixture.ask('POST /v1/admin/actors/import', {
    token: admin.token,
    body: {
      actors: [
        { id, name: 'old', email: 'old@example.test', passwordHash, roles: ['poet'], createdAt: 5 },
        { name: 'ROOT' },
        { name: 'odd', passwordHash: 'plain text' },
        { name: 'gone', passwordHash: null, status: 'suspended' },
        { name: 'mail', email: 'not an address' },
      ],
    },
  })
  const outcomes = reply.body['outcomes'] as { id?: string; code: string }[]
  const codes = outcomes.map(({ code }) => code)
  assert.deepEqual(codes, ['ok', 'identity_taken', 'invalid_request', 'ok', 'invalid_request'])
  assert.equal(outcomes[0]?.id, id)
  assert.doesNotMatch(reply.text, /plain text/)
  const body = { identity: 'old@example.test', password: 'correct horse' }
  const login = parsed(await fixture.ask('POST /v1/sessions', { body }), 201, loggedInShape)
  assert.deepEqual([login.actor.id, login.actor.roles, login.actor.createdAt], [id, ['poet'], 5])
  for (const actors of [
    [],
    Array.from({ length: 201 }, () => ({ name: 'x' })),
    [{}],
    [{ name: 'x', password: 'y' }],
  ]) {
    const bad = await fixture.ask('POST /v1/admin/actors/import', {
      token: admin.token,
      body: { actors },
    })
    refused(bad, 400, 'invalid_request')
  }
})

test('the audit trail records actor, target and act, and contains no secret', async () => {
  const { fixture, admin } = await withAdmin()
  await using _ = fixture
  const ada = await fixture.person('ada')
  const typed = 'hunter2-typed-as-a-name'
  await fixture.ask('POST /v1/sessions', { body: { identity: typed, password: PASSWORD } })
  await fixture.ask('POST /v1/sessions', { body: { identity: 'ada', password: 'wrong-secret' } })
  await fixture.ask('POST /v1/session/renew', { body: { renewal: ada.renewal } })
  await fixture.ask(`POST /v1/admin/actors/${ada.id}/suspend`, { token: admin.token })
  const reply = await fixture.ask('GET /v1/admin/audit?limit=1000', { token: admin.token })
  const entries = reply.body['entries'] as { act: string; outcome: string; actor: string | null }[]
  const recorded = entries.map(({ act, outcome }) => `${act} ${outcome}`)
  for (const wanted of [
    'actor_created ok',
    'login ok',
    'login credentials_invalid',
    'renewal ok',
    'actor_suspended ok',
  ]) {
    assert.ok(recorded.includes(wanted), wanted)
  }
  assert.equal(entries.find(({ act }) => act === 'actor_suspended')?.actor, admin.id)
  for (const secret of [PASSWORD, 'wrong-secret', typed, ada.token, ada.renewal, admin.token]) {
    assert.ok(!reply.text.includes(secret))
    assert.ok(!reply.text.includes(secret.slice(29, 72)) || secret.length < 79)
  }
  const mine = await fixture.ask(`GET /v1/admin/audit?actor=${ada.id}`, { token: admin.token })
  const actors = (mine.body['entries'] as { actor: string }[]).map(({ actor }) => actor)
  assert.deepEqual(new Set(actors), new Set([ada.id]))
})

test('the first administrator is claimed once, with the printed code', async () => {
  await using fixture = await openFixture()
  const claim = (code: unknown, name = 'root', password = PASSWORD) =>
    fixture.ask('POST /v1/bootstrap', { body: { code, name, password } })
  refused(await claim('guess'), 401, 'credentials_invalid')
  const code = await fixture.authority.actors.createClaimCode()
  refused(await claim(`${code}x`), 401, 'credentials_invalid')
  refused(await claim(code, 'root', 'short'), 422, 'password_refused')
  const both = await Promise.all([claim(code, 'root'), claim(code, 'rival')])
  assert.deepEqual(both.map(({ status }) => status).sort(), [201, 401])
  const { token, actor } = parsed(
    both.find(({ status }) => status === 201) ?? both[0],
    201,
    loggedInShape,
  )
  assert.deepEqual(actor.roles, ['user', 'admin'])
  assert.equal((await fixture.ask('GET /v1/admin/actors', { token: token ?? '' })).status, 200)
  refused(await claim(code, 'late'), 401, 'credentials_invalid')
  assert.equal(await fixture.authority.actors.createClaimCode(), null)
})

test('a claim code is valid for 15 minutes', async () => {
  await using fixture = await openFixture()
  const code = await fixture.authority.actors.createClaimCode()
  fixture.clock.advance(FRESH_MS)
  const body = { code, name: 'root', password: PASSWORD }
  refused(await fixture.ask('POST /v1/bootstrap', { body }), 401, 'credentials_invalid')
})

test('roles of an anonymous session in development never give access to administration', async () => {
  await using fixture = await openFixture({ door: { development: true } })
  for (const roles of [['*'], ['admin']]) {
    const visitor = await fixture.authority.sessions.loginAnonymous({ roles })
    assert.ok(visitor.ok)
    for (const reply of await everyRoute(fixture, visitor.token))
      refused(reply, 403, 'access_denied')
  }
})
