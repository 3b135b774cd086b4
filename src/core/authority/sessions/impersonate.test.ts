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

test('a check returns both actors, with the roles of the target', async (t) => {
  const { authority, acting, sam, eve, current } = await openActing(t)
  const { session, actor, impersonator } = await check(authority, acting.token)
  assert.deepEqual([actor, impersonator], [eve, sam])
  assert.deepEqual([session.owner, session.actsAs], [sam.id, eve.id])
  assert.equal(session.parent, current.session.id)
  assert.deepEqual(session.roles, ['user', 'editor'])
  assert.equal(acting.renewal, null)
})

test('impersonation is refused without the role, for an anonymous actor, and for a session without the role', async (t) => {
  const { authority, eve, sam } = await openActing(t)
  const plain = await check(authority, (await logIn(authority, 'eve')).token)
  refused(await authority.sessions.impersonate(plain, sam.id), 'access_denied')
  const anonymous = granted(
    await authority.sessions.loginAnonymous({ roles: ['impersonate', 'admin'] }),
  )
  const current = await check(authority, anonymous.token)
  refused(await authority.sessions.impersonate(current, eve.id), 'access_denied')
  const less = await check(authority, (await logIn(authority, 'sam', { roles: ['user'] })).token)
  refused(await authority.sessions.impersonate(less, eve.id), 'access_denied')
})

test('an administrator, oneself, an unknown actor and a suspended actor cannot be impersonated', async (t) => {
  const { authority, current, sam } = await openActing(t)
  const boss = await addActor(authority, 'Boss', ['admin'])
  const gone = await addActor(authority, 'Gone')
  await authority.actors.suspend(gone.id)
  refused(await authority.sessions.impersonate(current, boss.id), 'access_denied')
  refused(await authority.sessions.impersonate(current, sam.id), 'access_denied')
  refused(await authority.sessions.impersonate(current, 'unknown-actor'), 'not_found')
  refused(await authority.sessions.impersonate(current, gone.id), 'not_found')
})

test('an administrator may impersonate without the role for it', async (t) => {
  const { authority, eve } = await openActing(t)
  await addActor(authority, 'Boss', ['admin'])
  const boss = await check(authority, (await logIn(authority, 'boss')).token)
  granted(await authority.sessions.impersonate(boss, eve.id))
})

test('an impersonation cannot start another', async (t) => {
  const { authority, acting, sam, eve } = await openActing(t)
  await authority.actors.setRoles(eve.id, ['impersonate'])
  const current = await check(authority, acting.token)
  refused(await authority.sessions.impersonate(current, sam.id), 'access_denied')
})

test('the role is required at every check, on every node', async (t) => {
  const { authority, there, acting, sam, parent } = await openActing(t)
  await authority.actors.setRoles(sam.id, ['user'])
  assert.equal(await reasonOf(authority, acting.token), 'revoked')
  assert.equal(await reasonOf(there.authority, acting.token), 'revoked')
  await check(authority, parent.token)
})

test('an impersonation ends when its target becomes an administrator', async (t) => {
  const { authority, there, acting, eve } = await openActing(t)
  await authority.actors.setRoles(eve.id, ['admin'])
  assert.equal(await reasonOf(authority, acting.token), 'revoked')
  assert.equal(await reasonOf(there.authority, acting.token), 'revoked')
})

test('an impersonation ends when its parent session is logged out', async (t) => {
  const { authority, there, acting, current } = await openActing(t)
  await authority.logout(current)
  assert.equal(await reasonOf(authority, acting.token), 'parent_ended')
  assert.equal(await reasonOf(there.authority, acting.token), 'parent_ended')
})

test('an impersonation ends when its parent session expires, even if it was used itself', async (t) => {
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

test('an impersonation lasts at most an hour, and a quarter of one unused', async (t) => {
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

test('an impersonation ends when either actor is suspended', async (t) => {
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

test('stopping ends the impersonation and leaves its parent session', async (t) => {
  const { authority, acting, parent, current } = await openActing(t)
  refused(await authority.sessions.stopImpersonating(current), 'invalid_request')
  granted(await authority.sessions.stopImpersonating(await check(authority, acting.token)))
  assert.equal(await reasonOf(authority, acting.token), 'logged_out')
  await check(authority, parent.token)
})

test('start and end are audited with both actors', async (t) => {
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

test('an impersonation cannot be started from a session that has just ended', async (t) => {
  const { authority, tap, current, eve } = await openActing(t)
  const held = tap.hold('sessions.create', 'before')
  const starting = authority.sessions.impersonate(current, eve.id)
  await held.reached
  await authority.logout(current)
  held.release()
  refused(await starting, 'session_revoked')
})

test('an impersonation started while its target is being suspended does not return with its restoration', async (t) => {
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
