import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  addActor,
  check,
  granted,
  HOUR,
  logIn,
  MINUTE,
  openFixture,
  reasonOf,
  refused,
} from '../../../../test/support/authority.ts'

async function openActing(t: TestContext) {
  const fixture = await openFixture(t)
  const there = await fixture.addNode()
  const { authority } = fixture
  const sam = await addActor(authority, 'Sam', ['user', 'impersonate'])
  const eve = await addActor(authority, 'Eve', ['user', 'editor'])
  const parent = await logIn(authority, 'sam')
  const current = await check(authority, parent.token)
  const acting = granted(await authority.sessions.impersonate(current, eve.id))
  for (const node of [fixture, there]) await check(node.authority, acting.token)
  return { ...fixture, there, sam, eve, parent, current, acting }
}

test('a check says who acts and as whom, with the rights of the other', async (t) => {
  const { authority, acting, sam, eve, current } = await openActing(t)
  const { session, actor, impersonator } = await check(authority, acting.token)
  assert.deepEqual([actor, impersonator], [eve, sam])
  assert.deepEqual([session.owner, session.actsAs], [sam.id, eve.id])
  assert.equal(session.parent, current.session.id)
  assert.deepEqual(session.roles, ['user', 'editor'])
  assert.equal(acting.renewal, null)
})

test('who has not the role, is a visitor, or left the role out of the session acts as nobody', async (t) => {
  const { authority, eve, sam } = await openActing(t)
  const plain = await check(authority, (await logIn(authority, 'eve')).token)
  refused(await authority.sessions.impersonate(plain, sam.id), 'access_denied')
  const visitor = granted(
    await authority.sessions.loginAnonymous({ roles: ['impersonate', 'admin'] }),
  )
  const visiting = await check(authority, visitor.token)
  refused(await authority.sessions.impersonate(visiting, eve.id), 'access_denied')
  const less = await check(authority, (await logIn(authority, 'sam', { roles: ['user'] })).token)
  refused(await authority.sessions.impersonate(less, eve.id), 'access_denied')
})

test('nobody acts as an administrator, as itself, as nobody or as a suspended actor', async (t) => {
  const { authority, current, sam } = await openActing(t)
  const boss = await addActor(authority, 'Boss', ['admin'])
  const gone = await addActor(authority, 'Gone')
  await authority.actors.suspend(gone.id)
  refused(await authority.sessions.impersonate(current, boss.id), 'access_denied')
  refused(await authority.sessions.impersonate(current, sam.id), 'access_denied')
  refused(await authority.sessions.impersonate(current, 'nobody'), 'not_found')
  refused(await authority.sessions.impersonate(current, gone.id), 'not_found')
})

test('an administrator may act as others without the role for it', async (t) => {
  const { authority, eve } = await openActing(t)
  await addActor(authority, 'Boss', ['admin'])
  const boss = await check(authority, (await logIn(authority, 'boss')).token)
  granted(await authority.sessions.impersonate(boss, eve.id))
})

test('it does not nest', async (t) => {
  const { authority, acting, sam, eve } = await openActing(t)
  await authority.actors.setRoles(eve.id, ['impersonate'])
  const current = await check(authority, acting.token)
  refused(await authority.sessions.impersonate(current, sam.id), 'access_denied')
})

test('the role is needed at every check, on every node', async (t) => {
  const { authority, there, acting, sam, parent } = await openActing(t)
  await authority.actors.setRoles(sam.id, ['user'])
  assert.equal(await reasonOf(authority, acting.token), 'revoked')
  assert.equal(await reasonOf(there.authority, acting.token), 'revoked')
  await check(authority, parent.token)
})

test('whoever becomes an administrator is acted as no more', async (t) => {
  const { authority, there, acting, eve } = await openActing(t)
  await authority.actors.setRoles(eve.id, ['admin'])
  assert.equal(await reasonOf(authority, acting.token), 'revoked')
  assert.equal(await reasonOf(there.authority, acting.token), 'revoked')
})

test('it ends when the session it was started from is logged out', async (t) => {
  const { authority, there, acting, current } = await openActing(t)
  await authority.logout(current)
  assert.equal(await reasonOf(authority, acting.token), 'parent_ended')
  assert.equal(await reasonOf(there.authority, acting.token), 'parent_ended')
})

test('it ends when the session it was started from expires, though it was used itself', async (t) => {
  const { authority, clock, current, eve, parent } = await openActing(t)
  clock.advance(30 * MINUTE)
  const acting = granted(await authority.sessions.impersonate(current, eve.id))
  for (let at = 0; at < 2; at++) {
    clock.advance(10 * MINUTE)
    await check(authority, acting.token)
  }
  clock.set(parent.session.createdAt + HOUR - 1)
  await check(authority, acting.token)
  clock.advance(1)
  assert.equal(await reasonOf(authority, acting.token), 'parent_ended')
})

test('it lives an hour at most, and a quarter of one unused', async (t) => {
  const { authority, clock, acting, parent } = await openActing(t)
  assert.equal(acting.session.expiresAt, clock.now() + 15 * MINUTE)
  for (let at = 0; at < 5; at++) {
    clock.advance(10 * MINUTE)
    await check(authority, acting.token)
    await check(authority, parent.token)
  }
  clock.set(acting.session.endsAt)
  refused(await authority.authenticate(acting.token), 'session_expired')
  await check(authority, parent.token)
})

test('it ends when either is suspended', async (t) => {
  const first = await openActing(t)
  await first.authority.actors.suspend(first.eve.id)
  assert.equal(await reasonOf(first.authority, first.acting.token), 'suspended')
  await check(first.authority, first.parent.token)
  const second = await openActing(t)
  await second.authority.actors.suspend(second.sam.id)
  assert.match(
    (await reasonOf(second.authority, second.acting.token)) ?? '',
    /suspended|parent_ended/,
  )
})

test('stopping ends it and leaves the session it was started from', async (t) => {
  const { authority, acting, parent, current } = await openActing(t)
  refused(await authority.sessions.stopImpersonating(current), 'invalid_request')
  granted(await authority.sessions.stopImpersonating(await check(authority, acting.token)))
  assert.equal(await reasonOf(authority, acting.token), 'logged_out')
  await check(authority, parent.token)
})

test('beginning and ending stand in the trail with both actors', async (t) => {
  const { authority, acting, sam, eve } = await openActing(t)
  granted(await authority.sessions.stopImpersonating(await check(authority, acting.token)))
  for (const act of ['impersonation_started', 'impersonation_ended'] as const) {
    const { items } = await authority.audit.list({ act, limit: 10 })
    assert.deepEqual(
      items.map(({ actor, target, session }) => [actor, target, session]),
      [[sam.id, eve.id, acting.session.id]],
    )
  }
})

test('it cannot be started from a session that has just ended', async (t) => {
  const { authority, tap, current, eve } = await openActing(t)
  const held = tap.hold('sessions.create', 'before')
  const starting = authority.sessions.impersonate(current, eve.id)
  await held.reached
  await authority.logout(current)
  held.release()
  refused(await starting, 'session_revoked')
})

test('one that was begun while its target was being suspended does not come back with it', async (t) => {
  const { authority, tap, raw, eve, current } = await openActing(t)
  const held = tap.hold('sessions.create', 'before')
  const beginning = authority.sessions.impersonate(current, eve.id)
  await held.reached
  await authority.actors.suspend(eve.id)
  held.release()
  refused(await beginning, 'conflict')
  await authority.actors.restore(eve.id)
  const { items } = await raw.sessions.list({ now: raw.clock.now(), limit: 10 })
  assert.deepEqual(
    items.filter(({ actsAs }) => actsAs !== null),
    [],
  )
})
