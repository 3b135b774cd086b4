import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openFixture, PASSWORD, refused, SAME_ORIGIN } from '../../../test/support/http-door.ts'
import { CODE_PAGES } from './code-pages.ts'

const NEXT = 'seven dry otters on a bridge'
const PUBLIC = { door: { publicUrl: 'https://login.example' } }

test('an administrator invites, and one client registers with the code', async () => {
  await using fixture = await openFixture({ ...PUBLIC, settings: { registration: 'invite' } })
  const admin = await fixture.authority.actors.register({
    name: 'root',
    password: PASSWORD,
    roles: ['admin'],
    vouched: true,
  })
  assert.ok(admin.ok)
  const { token } = await fixture.login('root')
  const ada = { name: 'ada', password: PASSWORD }
  refused(await fixture.ask('POST /v1/actors', { body: ada }), 403, 'access_denied')
  const invited = await fixture.ask('POST /v1/admin/invitations', { token, body: {} })
  assert.equal(invited.status, 201)
  const { code, link } = invited.body as { code: string; link: string }
  assert.equal(link, `https://login.example/account/register#${code}`)
  const check = { body: { purpose: 'invitation', code } }
  assert.equal((await fixture.ask('POST /v1/codes/check', check)).status, 200)
  const body = { ...ada, invitation: code }
  assert.equal((await fixture.ask('POST /v1/actors', { body })).status, 201)
  refused(await fixture.ask('POST /v1/codes/check', check), 401, 'credentials_invalid')
})

test('an administrator creates a reset code, and the actor chooses the password', async () => {
  await using fixture = await openFixture(PUBLIC)
  const { token } = await fixture.person('root', ['admin'])
  const ada = await fixture.person('ada')
  const path = `/v1/admin/actors/${ada.id}/password-reset`
  const { status, body } = await fixture.ask(`POST ${path}`, { token })
  assert.equal(status, 201)
  assert.equal(body['link'], `https://login.example/account/reset-password#${body['code']}`)
  const used = { body: { code: body['code'], password: NEXT } }
  assert.equal((await fixture.ask('POST /v1/password-reset', used)).status, 204)
  const over = await fixture.ask('GET /v1/session', { token: ada.token })
  refused(over, 401, 'session_revoked', 'password_changed')
  const login = { body: { identity: 'ada', password: NEXT } }
  assert.equal((await fixture.ask('POST /v1/sessions', login)).status, 201)
  refused(await fixture.ask('POST /v1/password-reset', used), 401, 'credentials_invalid')
})

test('without a public URL the answer has the code and no link', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('root', ['admin'])
  const { body } = await fixture.ask('POST /v1/admin/invitations', { token, body: {} })
  assert.deepEqual(Object.keys(body).sort(), ['code', 'expiresAt'])
})

test('an administrator deletes an actor once', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('root', ['admin'])
  const ada = await fixture.person('ada')
  const path = `/v1/admin/actors/${ada.id}`
  assert.equal((await fixture.ask(`DELETE ${path}`, { token })).status, 204)
  refused(await fixture.ask(`DELETE ${path}`, { token }), 404, 'not_found')
  const over = await fixture.ask('GET /v1/session', { token: ada.token })
  refused(over, 401, 'session_revoked', 'deleted')
})

test('an actor exports and deletes itself, with a fresh proof', async () => {
  await using fixture = await openFixture()
  const ada = await fixture.person('ada')
  const { body } = await fixture.ask('GET /v1/actor/export', { token: ada.token })
  assert.deepEqual(Object.keys(body).sort(), ['actor', 'audit', 'sessions'])
  fixture.clock.advance(15 * 60_000)
  const late = await fixture.ask('DELETE /v1/actor', { token: ada.token })
  assert.equal(late.body['code'], 'step_up_required')
  const cookie = await fixture.cookieOf('ada')
  const gone = await fixture.ask('DELETE /v1/actor', { cookie, headers: SAME_ORIGIN })
  assert.equal(gone.status, 204)
  assert.ok(gone.cookies.some((text) => text.includes('Max-Age=0')))
  const over = await fixture.ask('GET /v1/session', { token: ada.token })
  refused(over, 401, 'session_revoked', 'deleted')
})

test('the last administrator cannot delete itself', async () => {
  await using fixture = await openFixture()
  const { token } = await fixture.person('root', ['admin'])
  const reply = await fixture.ask('DELETE /v1/actor', { token })
  refused(reply, 409, 'conflict', 'last_administrator')
})

test('the pages for one-time codes run one script of their own and send nothing elsewhere', async () => {
  await using fixture = await openFixture()
  for (const { path } of CODE_PAGES) {
    const { status, headers, text } = await fixture.ask(`GET ${path}`)
    assert.equal(status, 200)
    const policy = headers.get('content-security-policy') ?? ''
    assert.match(policy, /default-src 'none'.*connect-src 'self'.*script-src 'sha256-[\w+/=]+'$/)
    assert.equal(text.match(/<script>/g)?.length, 1)
    assert.doesNotMatch(text, /https?:/)
  }
})
