import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addActor,
  CHEAP,
  check,
  granted,
  logIn,
  openFixture,
  PASSWORD,
  reasonOf,
  refused,
} from '../../../../test/support/authority.ts'
import { identity } from '../../../testing/records.ts'
import { createPasswordHasher } from '../../credential/password/index.ts'
import type { ActorWithCredential, Directory } from '../../ports/index.ts'

test('a session may do what its actor may, and never more than it was given', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada', ['user', 'editor'])
  for (const [roles, expected] of [
    [null, ['user', 'editor']],
    [['editor'], ['editor']],
    [['editor', 'admin'], ['editor']],
    [['*'], []],
    [[], []],
  ] as const) {
    const { token, session } = await logIn(authority, 'ada', { roles })
    assert.deepEqual(session.roles, expected)
    assert.deepEqual((await check(authority, token)).session.roles, expected)
  }
})

test('a role that is taken away counts at the next check, and one that is given too', async (t) => {
  const { authority } = await openFixture(t)
  const ada = await addActor(authority, 'Ada', ['user', 'editor'])
  const all = await logIn(authority, 'ada')
  const part = await logIn(authority, 'ada', { roles: ['editor'] })
  for (const { token } of [all, part]) await check(authority, token)
  await authority.actors.setRoles(ada.id, ['user'])
  assert.deepEqual((await check(authority, all.token)).session.roles, ['user'])
  assert.deepEqual((await check(authority, part.token)).session.roles, [])
  await authority.actors.setRoles(ada.id, ['editor', 'admin'])
  assert.deepEqual((await check(authority, all.token)).session.roles, ['editor', 'admin'])
  assert.deepEqual((await check(authority, part.token)).session.roles, ['editor'])
})

test('a visitor has a session of its own that may do what it was given, for good', async (t) => {
  const { authority, tap } = await openFixture(t)
  const visitor = granted(await authority.sessions.loginAnonymous({ roles: ['user'] }))
  tap.reset()
  const { session, actor } = await check(authority, visitor.token)
  assert.deepEqual([session.anonymous, actor.anonymous], [true, true])
  assert.deepEqual([session.roles, actor.roles], [['user'], []])
  assert.equal(tap.count('directory'), 0)
  const nothing = granted(await authority.sessions.loginAnonymous())
  assert.deepEqual((await check(authority, nothing.token)).session.roles, [])
  assert.notEqual(nothing.actor.id, visitor.actor.id)
})

test('a suspended actor is out at once and gets in again once restored, with a new session', async (t) => {
  const { authority } = await openFixture(t)
  const ada = await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  await authority.actors.suspend(ada.id)
  assert.equal(await reasonOf(authority, token), 'suspended')
  const proof = { identity: 'ada', password: PASSWORD }
  refused(await authority.login(proof), 'actor_suspended')
  refused(await authority.login({ ...proof, password: 'wrong' }), 'credentials_invalid')
  refused(await authority.sessions.loginAs(ada.id), 'actor_suspended')
  await authority.actors.restore(ada.id)
  assert.equal(await reasonOf(authority, token), 'suspended')
  await logIn(authority, 'ada')
})

test('suspending, restoring and giving roles to nobody is null', async (t) => {
  const { authority } = await openFixture(t)
  assert.equal(await authority.actors.suspend('nobody'), null)
  assert.equal(await authority.actors.restore('nobody'), null)
  assert.equal(await authority.actors.setRoles('nobody', []), null)
})

/** The users of an application: no more than it takes to find them. */
async function broughtDirectory(roles: string[], maxAgeMs?: number) {
  const passwordHash = await createPasswordHasher(CHEAP).hash(PASSWORD)
  const row = { roles, status: 'active' as 'active' | 'suspended' }
  const find = async (key: string): Promise<ActorWithCredential | null> => {
    if (key !== '42' && key !== 'ada') return null
    const { status } = row
    const actor = {
      id: '42',
      name: 'Ada',
      identities: [identity('ada')],
      anonymous: false,
      createdAt: 0,
    }
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
  const here = await openFixture(t, { directory })
  const there = await here.addNode()
  const { token, actor } = await logIn(here.authority, 'ada')
  assert.equal(actor.id, '42')
  for (const { authority } of [here, there]) await check(authority, token)
  row.roles = ['user']
  assert.deepEqual((await check(there.authority, token)).session.roles, ['user', 'editor'])
  await here.authority.actors.changed('42')
  for (const { authority } of [here, there]) {
    assert.deepEqual((await check(authority, token)).session.roles, ['user'])
  }
  row.status = 'suspended'
  await here.authority.actors.changed('42')
  for (const { authority } of [here, there])
    refused(await authority.authenticate(token), 'session_revoked')
})

test('a directory that can only find refuses to be written', async (t) => {
  const { directory } = await broughtDirectory(['user'])
  const { authority } = await openFixture(t, { directory })
  refused(await authority.actors.register({ name: 'Eve', password: PASSWORD }), 'invalid_request')
  const change = { actorId: '42', currentPassword: PASSWORD, next: 'another fine stone' }
  refused(await authority.credentials.changePassword(change), 'invalid_request')
  await assert.rejects(authority.actors.suspend('42'), { code: 'invalid_request' })
})

test('a reading of an actor grows no older than its directory says', async (t) => {
  const { directory, row } = await broughtDirectory(['user'], 500)
  const { authority, clock } = await openFixture(t, { directory })
  const { token } = await logIn(authority, 'ada')
  await check(authority, token)
  row.roles = []
  clock.advance(499)
  assert.deepEqual((await check(authority, token)).session.roles, ['user'])
  clock.advance(1)
  const checks = await Promise.all(Array.from({ length: 30 }, () => authority.authenticate(token)))
  for (const each of checks) assert.deepEqual(granted(each).session.roles, [])
})

test('a directory of which nothing may be kept is read for every check', async (t) => {
  const { directory, row } = await broughtDirectory(['user'], 0)
  const { authority, clock } = await openFixture(t, { directory })
  const { token } = await logIn(authority, 'ada')
  assert.deepEqual((await check(authority, token)).session.roles, ['user'])
  row.roles = []
  clock.advance(1)
  const checks = await Promise.all(Array.from({ length: 30 }, () => authority.authenticate(token)))
  for (const each of checks) assert.deepEqual(granted(each).session.roles, [])
})
