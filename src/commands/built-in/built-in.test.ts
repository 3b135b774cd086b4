import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  addActor,
  granted,
  logIn,
  MINUTE,
  openFixture,
  PASSWORD,
  refused,
} from '../../../test/support/authority.ts'
import { jwtCodec } from '../../core/token/jwt-codec.ts'
import { builtInCommands, createPipeline, createRegistry } from '../index.ts'

const NEXT = 'another fine stone'

interface LoggedInAnswer {
  readonly token: string
  readonly renewal: string
  readonly session: { readonly id: string }
  readonly actor: { readonly id: string }
}

/**
 * Opens an authority whose commands are called by name; every answer is checked against the
 * declared shape.
 */
async function openCommands(t: TestContext) {
  const fixture = await openFixture(t, { codecs: [jwtCodec()] })
  const registry = createRegistry(builtInCommands)
  const called = new Set<string>()
  const pipeline = createPipeline({
    authority: fixture.authority,
    registry,
    onError: (error) => assert.fail(String(error)),
  })
  const dispatch = (name: string, params: unknown = {}, token: string | null = null) =>
    pipeline.dispatch({ name, params, token, caller: { door: 'test' } })
  const call = async (name: string, params: unknown = {}, token: string | null = null) => {
    const { value } = granted(await dispatch(name, params, token))
    called.add(name)
    const shape = registry.find(name)?.result
    if (shape === undefined) JSON.stringify(value)
    else assert.deepEqual(shape.parse(value), value, name)
    return value
  }
  return { ...fixture, registry, dispatch, call, called }
}

type Call = (name: string, params?: unknown, token?: string | null) => Promise<unknown>

async function loginDevice(call: Call, token: string): Promise<void> {
  const start = async () =>
    (await call('device.start', { client: 'kettle' })) as Record<'deviceCode' | 'userCode', string>
  const { deviceCode, userCode } = await start()
  await call('device.poll', { deviceCode })
  await call('device.find', { userCode }, token)
  await call('device.approve', { userCode }, token)
  await call('device.poll', { deviceCode })
  await call('device.deny', { userCode: (await start()).userCode }, token)
}

test('every built-in command answers in its declared shape', async (t) => {
  const { authority, registry, call, called } = await openCommands(t)
  const code = await authority.actors.createClaimCode()
  const boss = (await call('admin.claim', {
    code,
    name: 'Boss',
    password: PASSWORD,
  })) as LoggedInAnswer
  const created = await call('actors.create', {
    name: 'Ada',
    password: PASSWORD,
    email: 'ada@example.org',
  })
  const { id } = (created as { actor: { id: string } }).actor
  const anonymous = (await call('session.loginAnonymous', { label: 'kiosk' })) as LoggedInAnswer
  const proof = { identity: 'ada', password: PASSWORD }
  const first = (await call('session.login', proof, anonymous.token)) as LoggedInAnswer
  await call('session.get', {}, first.token)
  const renewed = (await call('session.renew', { renewal: first.renewal })) as LoggedInAnswer
  const proven = (await call(
    'session.stepUp',
    { password: PASSWORD },
    renewed.token,
  )) as LoggedInAnswer
  const other = (await call('session.login', { ...proof, profile: 'device' })) as LoggedInAnswer
  const page = (await call('sessions.list', { limit: 1 }, proven.token)) as { next?: string }
  await call('sessions.list', { after: page.next }, proven.token)
  await call('sessions.end', { id: other.session.id }, proven.token)
  await call('sessions.endOthers', {}, proven.token)
  await call('password.change', { current: PASSWORD, next: NEXT }, proven.token)
  const acting = (await call('impersonation.start', { actor: id }, boss.token)) as LoggedInAnswer
  await call('session.get', {}, acting.token)

  await authority.actors.setRoles(boss.actor.id, ['user', 'admin', 'introspect'])
  for (const token of [proven.token, acting.token, 'nonsense']) {
    await call('session.introspect', { token }, boss.token)
  }
  await call('impersonation.stop', {}, acting.token)
  await call('admin.actors.search', { text: 'a', limit: 1 }, boss.token)
  await call('admin.actors.get', { id }, boss.token)
  await call('admin.actors.setRoles', { id, roles: ['user', 'editor'] }, boss.token)
  const actors = [{ name: 'Eve' }, { name: 'Eve' }, { name: 'Odd', passwordHash: 'md5' }]
  const imported = await call('admin.actors.import', { actors }, boss.token)
  const { outcomes } = imported as { outcomes: { code: string; id?: string }[] }
  assert.deepEqual(outcomes.map((outcome) => outcome.code).toSorted(), [
    'identity_taken',
    'invalid_request',
    'ok',
  ])
  await loginDevice(call, boss.token)
  await call('keys.list')
  await call('admin.keys.rotate', {}, boss.token)
  await call('admin.keys.replace', {}, boss.token)
  await call('admin.clients.register', { id: 'television', confidential: true }, boss.token)
  await call('admin.clients.list', {}, boss.token)
  await call('admin.clients.remove', { id: 'television' }, boss.token)
  await call('admin.sessions.search', { owner: id }, boss.token)
  await call('admin.sessions.end', { id: proven.session.id }, boss.token)
  await call('admin.sessions.endAll', { owner: id }, boss.token)
  await call('admin.actors.suspend', { id }, boss.token)
  await call('admin.actors.restore', { id }, boss.token)
  await call('admin.settings.set', { name: 'renewal.graceMs', value: 5 }, boss.token)
  assert.equal(authority.settings.get('renewal.graceMs'), 5)
  await call('admin.settings.unset', { name: 'renewal.graceMs' }, boss.token)
  assert.equal(authority.settings.get('renewal.graceMs'), 30_000)
  await call('admin.settings.list', {}, boss.token)
  await call('admin.audit.list', { limit: 2 }, boss.token)
  const invited = await call('admin.invitations.create', { roles: ['user'] }, boss.token)
  const { code: invitation } = invited as { code: string }
  await call('codes.check', { purpose: 'invitation', code: invitation })
  const joining = { name: 'Joan', password: PASSWORD, invitation }
  const joan = (await call('actors.create', joining)) as { actor: { id: string } }
  const reset = await call('admin.actors.resetPassword', { id: joan.actor.id }, boss.token)
  await call('password.reset', { code: (reset as { code: string }).code, password: NEXT })
  const back = await call('session.login', { identity: 'joan', password: NEXT })
  await call('actor.export', {}, (back as LoggedInAnswer).token)
  await call('actor.delete', {}, (back as LoggedInAnswer).token)
  const eve = outcomes.find((outcome) => outcome.code === 'ok')
  await call('admin.actors.delete', { id: eve?.id }, boss.token)
  await call('admin.prune', {}, boss.token)
  const last = await call('session.login', { identity: 'ada', password: NEXT })
  await call('session.logout', {}, (last as LoggedInAnswer).token)
  await call('admin.lockAll', {}, boss.token)
  assert.deepEqual(
    registry
      .list()
      .map(({ name }) => name)
      .filter((name) => !called.has(name)),
    [],
  )
})

test('every administrator command is refused to other actors, and to an administrator without a recent proof', async (t) => {
  const { authority, clock, registry, dispatch } = await openCommands(t)
  await addActor(authority, 'Ada', ['user', 'impersonate', 'introspect'])
  await addActor(authority, 'Boss', ['admin'])
  const ada = await logIn(authority, 'ada')
  const boss = await logIn(authority, 'boss')
  const less = await logIn(authority, 'boss', { roles: ['user'] })
  const anonymous = granted(await authority.sessions.loginAnonymous({ roles: ['*', 'admin'] }))
  const names = registry
    .list()
    .map(({ name }) => name)
    .filter((name) => name.startsWith('admin.') && name !== 'admin.claim')
  assert.ok(names.length > 10)
  for (const name of names) {
    for (const { token } of [ada, less, anonymous]) {
      refused(await dispatch(name, {}, token), 'access_denied')
    }
    refused(await dispatch(name), 'token_missing')
  }
  clock.advance(15 * MINUTE)
  for (const name of names) refused(await dispatch(name, {}, boss.token), 'step_up_required')
})

test('an impersonation cannot run commands that require the actor itself', async (t) => {
  const { authority, dispatch } = await openCommands(t)
  await addActor(authority, 'Sam', ['impersonate'])
  const ada = await addActor(authority, 'Ada', ['user', 'impersonate', 'introspect'])
  const eve = await addActor(authority, 'Eve')
  const sam = granted(await authority.authenticate((await logIn(authority, 'sam')).token))
  const { token } = granted(await authority.sessions.impersonate(sam, ada.id))
  for (const [name, params] of [
    ['session.stepUp', { password: PASSWORD }],
    ['password.change', { current: PASSWORD, next: NEXT }],
    ['sessions.list', {}],
    ['sessions.end', { id: 'x' }],
    ['sessions.endOthers', {}],
    ['impersonation.start', { actor: eve.id }],
    ['session.introspect', { token }],
    ['device.find', { userCode: 'x' }],
    ['device.approve', { userCode: 'x' }],
    ['device.deny', { userCode: 'x' }],
  ] as const) {
    const refusal = refused(await dispatch(name, params, token), 'access_denied')
    assert.equal(
      refusal.message,
      'Not allowed while impersonating. Stop impersonating first.',
      name,
    )
  }
  granted(await authority.login({ identity: 'ada', password: PASSWORD }))
})

test('a session of another actor cannot be ended, and its existence is not revealed', async (t) => {
  const { authority, dispatch } = await openCommands(t)
  await addActor(authority, 'Ada')
  await addActor(authority, 'Eve')
  const [ada, eve] = [await logIn(authority, 'ada'), await logIn(authority, 'eve')]
  const theirs = await dispatch('sessions.end', { id: ada.session.id }, eve.token)
  const none = await dispatch('sessions.end', { id: 'nothing' }, eve.token)
  assert.deepEqual(theirs, none)
  granted(await authority.authenticate(ada.token))
})

test('unknown parameters and too large parameters are refused', async (t) => {
  const { dispatch, registry } = await openCommands(t)
  const proof = { identity: 'ada', password: PASSWORD }
  for (const [name, params] of [
    ['session.login', { ...proof, access: ['admin'] }],
    ['session.login', { ...proof, profile: 'agent' }],
    ['device.start', { profile: 'game' }],
    ['device.poll', { deviceCode: 'x'.repeat(300) }],
    ['session.login', { ...proof, password: 'x'.repeat(10_000) }],
    ['session.loginAnonymous', { access: ['admin'] }],
    ['session.loginAnonymous', { actorId: 'ada' }],
    ['actors.create', { name: 'Ada', password: PASSWORD, roles: ['admin'] }],
    ['admin.claim', { code: 'x', name: 'Ada', password: PASSWORD, roles: ['user'] }],
  ] as const) {
    refused(await dispatch(name, params), 'invalid_request')
  }
  assert.equal(registry.find('session.login')?.params.safeParse(proof).success, true)
})

test('an introspection reveals nothing about an invalid token, and an outage is not reported as invalid', async (t) => {
  const { authority, dispatch, tap } = await openCommands(t)
  await addActor(authority, 'Svc', ['introspect'])
  await addActor(authority, 'Ada')
  const service = await logIn(authority, 'svc')
  const ada = await logIn(authority, 'ada')
  const ask = (token: string) => dispatch('session.introspect', { token }, service.token)
  const alive = granted(await ask(ada.token)).value as Record<string, unknown>
  assert.deepEqual([alive['active'], alive['sid']], [true, ada.session.id])
  await authority.sessions.end({ id: ada.session.id })
  for (const token of [ada.token, 'nonsense']) {
    assert.deepEqual(granted(await ask(token)).value, { active: false })
  }
  tap.intercept('sessions.load', () => Promise.reject(new Error('gone')))
  refused(await ask(ada.token), 'unavailable')
})
