import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  addActor,
  check,
  granted,
  logIn,
  openFixture,
  PASSWORD,
  renewalOf,
} from '../../../test/support/authority.ts'

const TYPED = 'my-password-typed-as-a-name'
const WRONG = 'wrong password of ada'
const NEXT = 'another fine stone'

/** Runs every method that handles a secret, and returns all the secrets. */
async function useEverySecret(t: TestContext) {
  const fixture = await openFixture(t)
  const { authority, clock } = fixture
  const from = { address: '192.0.2.7', door: 'http' }
  const code = (await authority.actors.createClaimCode(from)) ?? ''
  const boss = granted(
    await authority.actors.claim({ code, name: 'Boss', password: PASSWORD }, from),
  )
  const ada = await addActor(authority, 'Ada', ['user', 'impersonate'])
  const eve = await addActor(authority, 'Eve')
  const secrets = [PASSWORD, WRONG, NEXT, TYPED, code, boss.token, renewalOf(boss)]
  await authority.login({ identity: TYPED, password: WRONG }, from)
  await authority.login({ identity: 'ada', password: WRONG }, from)
  await authority.login({ actorId: TYPED, password: WRONG }, from)
  await authority.actors.update({ actorId: ada.id, name: 'Ada L.', currentPassword: WRONG }, from)
  const login = await logIn(authority, 'ada', { profile: 'device' }, from)
  const { token } = login
  const renewed = granted(await authority.renew(renewalOf(login), { ...from, token }))
  const proven = granted(
    await authority.stepUp(await check(authority, renewed.token), { password: PASSWORD }, from),
  )
  const acting = granted(
    await authority.sessions.impersonate(await check(authority, proven.token), eve.id, from),
  )
  const anonymous = granted(await authority.sessions.loginAnonymous({}, from))
  for (const each of [login, renewed, proven, acting, anonymous]) {
    secrets.push(each.token)
    if (each.renewal !== null) secrets.push(each.renewal)
  }
  const change = { actorId: ada.id, currentPassword: PASSWORD, next: NEXT }
  granted(await authority.credentials.changePassword({ ...change, sessions: 'keep' }, from))
  await authority.credentials.changePassword({ ...change, currentPassword: WRONG }, from)
  clock.advance(31_000)
  await authority.renew(renewalOf(login), from)
  await authority.settings.set('renewal.graceMs', 1000, { ...from, by: boss.actor.id })
  await authority.actors.suspend(eve.id, { ...from, by: boss.actor.id })
  await authority.sessions.lockAll({ ...from, by: boss.actor.id })
  return { ...fixture, secrets }
}

/** The secret parts of tokens and codes, not only the whole text. */
function parts(secret: string): string[] {
  if (!/^lk[sr]_/.test(secret)) return [secret]
  return [secret.slice(29, 72), ...(secret.startsWith('lkr_') ? [secret.slice(72, 115)] : [])]
}

test('no password, token, code or unknown identity is in the audit trail', async (t) => {
  const { authority, secrets } = await useEverySecret(t)
  const { items } = await authority.audit.list({ limit: 1000 })
  const acts = new Set(items.map(({ act }) => act))
  for (const act of [
    'login',
    'renewal',
    'step_up',
    'password_changed',
    'reuse_detected',
  ] as const) {
    assert.ok(acts.has(act), act)
  }
  const trail = JSON.stringify(items)
  for (const secret of secrets) {
    for (const part of parts(secret)) assert.ok(!trail.includes(part), `${part} is in the trail`)
  }
  const unknown = items.find(({ actor, act }) => act === 'login' && actor === null)
  assert.match(unknown?.identityHash ?? '', /^[\w-]{22}$/)
})

test('no password, token, code or unknown identity is stored in clear', async (t) => {
  const { engine, secrets } = await useEverySecret(t)
  const stored = JSON.stringify(engine.tables, (_key, value: unknown) =>
    value instanceof Map || value instanceof Set ? [...value] : value,
  )
  assert.ok(stored.includes('$argon2id$') && stored.includes('tokenHash'))
  for (const secret of secrets) {
    for (const part of parts(secret)) assert.ok(!stored.includes(part), `${part} is stored`)
  }
})

test('an outcome has its secrets only in the two fields for them', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token, renewal, ...rest } = await logIn(authority, 'ada')
  const text = JSON.stringify(rest)
  for (const secret of [token, renewal ?? '']) {
    for (const part of parts(secret)) assert.ok(!text.includes(part))
  }
  const refusal = await authority.login({ identity: 'ada', password: WRONG })
  assert.ok(!JSON.stringify(refusal).includes(WRONG))
})
