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

test('a session has at most the roles of its actor and at most its own', async (t) => {
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

test('an added or removed role counts at the next check', async (t) => {
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

test('an anonymous session keeps the roles it was created with', async (t) => {
  const { authority, tap } = await openFixture(t)
  const anonymous = granted(await authority.sessions.loginAnonymous({ roles: ['user'] }))
  tap.reset()
  const { session, actor } = await check(authority, anonymous.token)
  assert.deepEqual([session.anonymous, actor.anonymous], [true, true])
  assert.deepEqual([session.roles, actor.roles], [['user'], []])
  assert.equal(tap.count('directory'), 0)
  const nothing = granted(await authority.sessions.loginAnonymous())
  assert.deepEqual((await check(authority, nothing.token)).session.roles, [])
  assert.notEqual(nothing.actor.id, anonymous.actor.id)
})

test('a suspended actor is refused at once and can log in with a new session once restored', async (t) => {
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

test('suspending, restoring and changing the roles of an unknown actor returns null', async (t) => {
  const { authority } = await openFixture(t)
  assert.equal(await authority.actors.suspend('unknown-actor'), null)
  assert.equal(await authority.actors.restore('unknown-actor'), null)
  assert.equal(await authority.actors.setRoles('unknown-actor', []), null)
})

/** An application's directory of users with the methods that finding an actor requires. */
async function ownDirectory(roles: string[], maxAgeMs?: number) {
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

test('a directory that can only find actors supports logins and change notifications', async (t) => {
  const { directory, row } = await ownDirectory(['user', 'editor'])
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

test('a directory that can only find actors refuses writes', async (t) => {
  const { directory } = await ownDirectory(['user'])
  const { authority } = await openFixture(t, { directory })
  refused(await authority.actors.register({ name: 'Eve', password: PASSWORD }), 'invalid_request')
  const change = { actorId: '42', currentPassword: PASSWORD, next: 'another fine stone' }
  refused(await authority.credentials.changePassword(change), 'invalid_request')
  await assert.rejects(authority.actors.suspend('42'), { code: 'invalid_request' })
})

test('a cached actor is not older than its directory allows', async (t) => {
  const { directory, row } = await ownDirectory(['user'], 500)
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

test('a directory that forbids caching is read for every check', async (t) => {
  const { directory, row } = await ownDirectory(['user'], 0)
  const { authority, clock } = await openFixture(t, { directory })
  const { token } = await logIn(authority, 'ada')
  assert.deepEqual((await check(authority, token)).session.roles, ['user'])
  row.roles = []
  clock.advance(1)
  const checks = await Promise.all(Array.from({ length: 30 }, () => authority.authenticate(token)))
  for (const each of checks) assert.deepEqual(granted(each).session.roles, [])
})
