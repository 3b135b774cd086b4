import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPasswordHasher } from '../../credential/password/index.ts'
import type { ActorWithCredential, Directory } from '../../ports/index.ts'
import {
  addActor,
  CHEAP,
  check,
  granted,
  logIn,
  openHouse,
  PASSWORD,
  reasonOf,
  refused,
} from '../../../../test/support/authority.ts'

test('a session may do what its actor may, and never more than it was given', async (t) => {
  const { authority } = await openHouse(t)
  await addActor(authority, 'Ada', ['user', 'editor'])
  for (const [access, expected] of [
    [null, ['user', 'editor']],
    [['editor'], ['editor']],
    [['editor', 'admin'], ['editor']],
    [['*'], []],
    [[], []],
  ] as const) {
    const { token, session } = await logIn(authority, 'ada', { access })
    assert.deepEqual(session.access, expected)
    assert.deepEqual((await check(authority, token)).session.access, expected)
  }
})

test('a role that is taken away counts at the next check, and one that is given too', async (t) => {
  const { authority } = await openHouse(t)
  const ada = await addActor(authority, 'Ada', ['user', 'editor'])
  const all = await logIn(authority, 'ada')
  const part = await logIn(authority, 'ada', { access: ['editor'] })
  for (const { token } of [all, part]) await check(authority, token)
  await authority.setRoles(ada.id, ['user'])
  assert.deepEqual((await check(authority, all.token)).session.access, ['user'])
  assert.deepEqual((await check(authority, part.token)).session.access, [])
  await authority.setRoles(ada.id, ['editor', 'admin'])
  assert.deepEqual((await check(authority, all.token)).session.access, ['editor', 'admin'])
  assert.deepEqual((await check(authority, part.token)).session.access, ['editor'])
})

test('a visitor has a session of its own that may do what it was given, for good', async (t) => {
  const { authority, tap } = await openHouse(t)
  const visitor = granted(await authority.loginAnonymous({ access: ['user'] }))
  tap.reset()
  const { session, actor } = await check(authority, visitor.token)
  assert.deepEqual([session.anonymous, actor.anonymous], [true, true])
  assert.deepEqual([session.access, actor.roles], [['user'], []])
  assert.equal(tap.count('directory'), 0)
  const nothing = granted(await authority.loginAnonymous())
  assert.deepEqual((await check(authority, nothing.token)).session.access, [])
  assert.notEqual(nothing.actor.id, visitor.actor.id)
})

test('a suspended actor is out at once and gets in again once restored, with a new session', async (t) => {
  const { authority } = await openHouse(t)
  const ada = await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  await authority.suspend(ada.id)
  assert.equal(await reasonOf(authority, token), 'suspended')
  const proof = { identity: 'ada', password: PASSWORD }
  refused(await authority.login(proof), 'actor_suspended')
  refused(await authority.login({ ...proof, password: 'wrong' }), 'credentials_invalid')
  refused(await authority.loginAs(ada.id), 'actor_suspended')
  await authority.restore(ada.id)
  assert.equal(await reasonOf(authority, token), 'suspended')
  await logIn(authority, 'ada')
})

test('suspending, restoring and giving roles to nobody is null', async (t) => {
  const { authority } = await openHouse(t)
  assert.equal(await authority.suspend('nobody'), null)
  assert.equal(await authority.restore('nobody'), null)
  assert.equal(await authority.setRoles('nobody', []), null)
})

/** The users of an application: no more than it takes to find them. */
async function broughtDirectory(roles: string[], maxAgeMs?: number) {
  const passwordHash = await createPasswordHasher(CHEAP).hash(PASSWORD)
  const row = { roles, status: 'active' as 'active' | 'suspended' }
  const find = async (key: string): Promise<ActorWithCredential | null> => {
    if (key !== '42' && key !== 'ada') return null
    const { status } = row
    const actor = { id: '42', name: 'Ada', identities: ['ada'], anonymous: false, createdAt: 0 }
    return { actor: { ...actor, status, roles: [...row.roles] }, passwordHash }
  }
  const directory: Directory = {
    find,
    findByIdentity: find,
    ...(maxAgeMs === undefined ? {} : { maxAgeMs }),
  }
  return { directory, row }
}

test('a directory that can only find is enough to log in, and to be told of a change', async (t) => {
  const { directory, row } = await broughtDirectory(['user', 'editor'])
  const here = await openHouse(t, { directory })
  const there = await here.addNode()
  const { token, actor } = await logIn(here.authority, 'ada')
  assert.equal(actor.id, '42')
  for (const { authority } of [here, there]) await check(authority, token)
  row.roles = ['user']
  assert.deepEqual((await check(there.authority, token)).session.access, ['user', 'editor'])
  await here.authority.actorChanged('42')
  for (const { authority } of [here, there]) {
    assert.deepEqual((await check(authority, token)).session.access, ['user'])
  }
  row.status = 'suspended'
  await here.authority.actorChanged('42')
  for (const { authority } of [here, there])
    refused(await authority.authenticate(token), 'session_revoked')
})

test('a directory that can only find refuses to be written', async (t) => {
  const { directory } = await broughtDirectory(['user'])
  const { authority } = await openHouse(t, { directory })
  refused(await authority.register({ name: 'Eve', password: PASSWORD }), 'invalid_request')
  const change = { actorId: '42', currentPassword: PASSWORD, next: 'another fine stone' }
  refused(await authority.changePassword(change), 'invalid_request')
  await assert.rejects(authority.suspend('42'), { code: 'invalid_request' })
})

test('a reading of an actor grows no older than its directory says', async (t) => {
  const { directory, row } = await broughtDirectory(['user'], 5000)
  const { authority, clock } = await openHouse(t, { directory })
  const { token } = await logIn(authority, 'ada')
  await check(authority, token)
  row.roles = []
  clock.advance(4999)
  assert.deepEqual((await check(authority, token)).session.access, ['user'])
  clock.advance(1)
  const checks = await Promise.all(Array.from({ length: 30 }, () => authority.authenticate(token)))
  for (const each of checks) assert.deepEqual(granted(each).session.access, [])
})

test('a directory of which nothing may be kept is read for every check', async (t) => {
  const { directory, row } = await broughtDirectory(['user'], 0)
  const { authority, clock } = await openHouse(t, { directory })
  const { token } = await logIn(authority, 'ada')
  assert.deepEqual((await check(authority, token)).session.access, ['user'])
  row.roles = []
  clock.advance(1)
  const checks = await Promise.all(Array.from({ length: 30 }, () => authority.authenticate(token)))
  for (const each of checks) assert.deepEqual(granted(each).session.access, [])
})
