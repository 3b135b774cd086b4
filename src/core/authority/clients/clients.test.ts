import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  addActor,
  check,
  granted,
  logIn,
  MINUTE,
  openFixture,
  reasonOf,
  refused,
  type TestFixture,
} from '../../../../test/support/authority.ts'
import type { LoggedIn } from '../login/login.ts'
import type { ClientOptions, ConfiguredClient } from './client.ts'

const SECRET = 'a-secret-of-more-than-32-characters'

async function openClients(
  t: TestContext,
  clients: readonly ConfiguredClient[] = [],
): Promise<TestFixture> {
  const fixture = await openFixture(t, { clients })
  await addActor(fixture.authority, 'Ada', ['user', 'poet', 'admin'])
  return fixture
}

/** Logs a device of a client in. */
async function issue(
  { authority }: TestFixture,
  clientId: string,
  roles: readonly string[] | null = ['user'],
): Promise<LoggedIn & { renewal: string }> {
  const started = granted(await authority.devices.start({ profile: 'device', roles, clientId }))
  const ada = await check(authority, (await logIn(authority, 'ada')).token)
  granted(await authority.devices.approve(ada, started.userCode))
  const polled = granted(await authority.devices.poll(started.deviceCode, { clientId }))
  assert.ok(polled.state === 'approved')
  const { login } = polled
  assert.ok(login.renewal !== null)
  return { ...login, renewal: login.renewal }
}

test('a configured client authenticates with its secret, a public one without any', async (t) => {
  const { authority } = await openClients(t, [{ id: 'kettle' }, { id: 'api', secret: SECRET }])
  const authenticate = (id: string, secret: string | null) =>
    authority.clients.authenticate({ id, secret })
  assert.deepEqual(granted(await authenticate('kettle', null)).client, {
    id: 'kettle',
    name: 'kettle',
    grants: ['device_code', 'refresh_token'],
    profile: 'device',
    format: 'native',
    roles: ['user'],
    introspect: false,
    confidential: false,
    configured: true,
  })
  assert.equal(granted(await authenticate('api', SECRET)).client.confidential, true)
  for (const [id, secret] of [
    ['kettle', SECRET],
    ['api', null],
    ['api', `${SECRET}x`],
    ['api', ''],
    ['nothing', null],
    ['nothing', SECRET],
  ] as const) {
    refused(await authenticate(id, secret), 'credentials_invalid')
  }
})

test('a client is registered once, with a secret that is shown once, and found on every node', async (t) => {
  const fixture = await openClients(t, [{ id: 'kettle' }])
  const { authority, engine } = fixture
  const there = await fixture.addNode()
  const made = granted(
    await authority.clients.register({ id: 'api', confidential: true, introspect: true }),
  )
  assert.match(made.secret ?? '', /^lkc_\w{43}$/)
  const credentials = { id: 'api', secret: made.secret }
  assert.deepEqual(
    granted(await there.authority.clients.authenticate(credentials)).client,
    made.client,
  )
  assert.ok(!JSON.stringify([...engine.tables.documents]).includes(made.secret ?? ''))
  refused(await there.authority.clients.register({ id: 'api' }), 'conflict')
  refused(await authority.clients.register({ id: 'kettle' }), 'conflict')
  const races = await Promise.all(
    Array.from({ length: 6 }, (_, at) =>
      (at % 2 ? fixture : there).authority.clients.register({ id: 'oven' }),
    ),
  )
  assert.equal(races.filter(({ ok }) => ok).length, 1)
  const ids = (await authority.clients.list()).map(({ id }) => id)
  assert.deepEqual(ids, ['kettle', 'api', 'oven'])
})

test('a wrong registration is refused and names the field', async (t) => {
  const { authority } = await openClients(t)
  const wrong: [ClientOptions, string][] = [
    [{ id: '' }, 'id'],
    [{ id: 'a b' }, 'id'],
    [{ id: 'x'.repeat(59) }, 'id'],
    [{ id: 'a', name: '' }, 'name'],
    [{ id: 'a', grants: ['password' as 'device_code'] }, 'grants'],
    [{ id: 'a', profile: 'game' as 'web' }, 'profile'],
    [{ id: 'a', roles: ['two words'] }, 'roles'],
    [{ id: 'a', roles: ['*'] }, 'roles'],
    [{ id: 'a', introspect: true }, 'introspect'],
  ]
  for (const [registration, path] of wrong) {
    const refusal = await authority.clients.register(registration)
    refused(refusal, 'invalid_request')
    assert.equal(!refusal.ok && refusal.issues?.[0]?.path, path)
  }
  refused(await authority.clients.register({ id: 'a', format: 'none' }), 'invalid_request')
  const configured = (clients: readonly ConfiguredClient[]) =>
    assert.rejects(openFixture(t, { clients }), { code: 'invalid_request' })
  await configured([{ id: 'a' }, { id: 'a' }])
  await configured([{ id: 'a', secret: 'short' }])
  await configured([{ id: 'a', format: 'none' }])
})

test('a device code and a renewal code are good only for the client they were issued to', async (t) => {
  const fixture = await openClients(t)
  const { authority } = fixture
  const { deviceCode } = granted(await authority.devices.start({ clientId: 'kettle' }))
  for (const poll of [{}, { clientId: 'oven' }]) {
    refused(await authority.devices.poll(deviceCode, poll), 'not_found')
  }
  const { renewal, session } = await issue(fixture, 'kettle')
  assert.equal(session.group, 'oauth:kettle')
  refused(await authority.renew(renewal), 'token_invalid')
  refused(await authority.renew(renewal, { clientId: 'oven' }), 'token_invalid')
  granted(await authority.renew(renewal, { clientId: 'kettle' }))
  const own = await logIn(authority, 'ada', { profile: 'device' })
  refused(await authority.renew(own.renewal ?? '', { clientId: 'kettle' }), 'token_invalid')
})

test('the session of a client has no roles beyond those that it asked for', async (t) => {
  const fixture = await openClients(t)
  const rolesOf = async (roles: readonly string[] | null) =>
    (await issue(fixture, 'kettle', roles)).session.roles
  assert.deepEqual(await rolesOf(['poet', 'baker']), ['poet'])
  assert.deepEqual(await rolesOf([]), [])
  assert.deepEqual(await rolesOf(null), ['user', 'poet', 'admin'])
})

test('a client revokes its own tokens and renewal codes, and no others', async (t) => {
  const fixture = await openClients(t, [{ id: 'kettle' }, { id: 'oven' }])
  const { authority } = fixture
  const clientOf = async (id: string) =>
    granted(await authority.clients.authenticate({ id, secret: null })).client
  const [kettle, oven] = [await clientOf('kettle'), await clientOf('oven')]
  const revoke = (client: typeof kettle, token: string) =>
    authority.clients.revoke({ client, token })
  const first = await issue(fixture, 'kettle')
  for (const secret of [first.token, first.renewal]) {
    refused(await revoke(oven, secret), 'access_denied')
  }
  assert.equal(granted(await revoke(kettle, first.token)).ended, true)
  assert.equal(await reasonOf(authority, first.token), 'logged_out')
  refused(await authority.renew(first.renewal, { clientId: 'kettle' }), 'session_revoked')
  const second = await issue(fixture, 'kettle')
  const next = granted(await authority.renew(second.renewal, { clientId: 'kettle' }))
  assert.equal(granted(await revoke(kettle, second.renewal)).ended, true)
  assert.equal(await reasonOf(authority, next.token), 'logged_out')
  for (const text of [first.token, first.renewal, 'x', '']) {
    assert.equal(granted(await revoke(kettle, text)).ended, false)
  }
})

test('a removed client is unknown, and its sessions end', async (t) => {
  const fixture = await openClients(t, [{ id: 'kettle' }])
  const { authority, clock } = fixture
  granted(await authority.clients.register({ id: 'oven' }))
  const [kept, gone] = [await issue(fixture, 'kettle'), await issue(fixture, 'oven')]
  await issue(fixture, 'oven')
  clock.advance(MINUTE)
  assert.equal(granted(await authority.clients.remove('oven')).ended, 2)
  assert.equal(await reasonOf(authority, gone.token), 'revoked')
  await check(authority, kept.token)
  refused(await authority.clients.authenticate({ id: 'oven', secret: null }), 'credentials_invalid')
  refused(await authority.clients.remove('oven'), 'not_found')
  refused(await authority.clients.remove('kettle'), 'invalid_request')
  const { items } = await authority.audit.list({ act: 'client_removed', limit: 9 })
  assert.deepEqual(
    items.map(({ detail }) => detail),
    [{ client: 'oven' }],
  )
})
