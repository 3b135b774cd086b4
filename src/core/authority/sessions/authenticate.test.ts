import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addActor,
  check,
  granted,
  logIn,
  openFixture,
  refused,
} from '../../../../test/support/authority.ts'
import { nativeCodec } from '../../token/native-codec.ts'
import { createSessionId } from '../../token/session-id.ts'

const { createSecret, format } = nativeCodec

/** Returns a token of a session with a wrong secret. */
function withWrongSecret(id: string): string {
  return format({ id, secret: createSecret() }, { owner: '' })
}

test('a check returns the session, the actor, and no secret', async (t) => {
  const { authority } = await openFixture(t)
  const ada = await addActor(authority, 'Ada', ['user', 'editor'])
  const login = await logIn(authority, 'ADA', { label: 'laptop' }, { door: 'http' })
  const { session, actor, impersonator } = await check(authority, login.token)
  assert.deepEqual(session, login.session)
  assert.deepEqual(actor, ada)
  assert.equal(impersonator, null)
  assert.deepEqual(session.roles, ['user', 'editor'])
  assert.equal(session.door, 'http')
  assert.ok(login.token.includes(session.id))
  assert.doesNotMatch(JSON.stringify({ session, actor }), /hash|secret|password/i)
})

test('a second check does not read the store', async (t) => {
  const { authority, tap } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  await check(authority, token)
  tap.reset()
  for (let at = 0; at < 100; at++) await check(authority, token)
  assert.equal(tap.count('sessions') + tap.count('directory') + tap.count('documents'), 0)
})

test('a hundred simultaneous first checks are one read of the session and one of the actor', async (t) => {
  const { authority, tap } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  tap.reset()
  await Promise.all(Array.from({ length: 100 }, () => check(authority, token)))
  assert.equal(tap.count('sessions.load'), 1)
  assert.equal(tap.count('directory.find'), 1)
})

test('without a token the answer is token_missing, and the store is not read', async (t) => {
  const { authority, tap } = await openFixture(t)
  tap.reset()
  for (const none of [null, undefined, '']) {
    refused(await authority.authenticate(none), 'token_missing')
  }
  assert.equal(tap.count('sessions'), 0)
})

test('a text that is not in a token format is invalid, and the store is not read', async (t) => {
  const { authority, tap } = await openFixture(t)
  tap.reset()
  const token = withWrongSecret(createSessionId('x'))
  for (const text of ['x', 'Bearer x', `${token}0`, token.slice(0, -1), token.toUpperCase()]) {
    refused(await authority.authenticate(text), 'token_invalid')
  }
  assert.equal(tap.count('sessions'), 0)
})

test('a token of an unknown session is invalid', async (t) => {
  const { authority } = await openFixture(t)
  const unknown = withWrongSecret(createSessionId('x'))
  refused(await authority.authenticate(unknown), 'token_invalid')
})

test('a wrong secret is confirmed by the store before it is refused', async (t) => {
  const { authority, tap } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token, session } = await logIn(authority, 'ada')
  await check(authority, token)
  tap.reset()
  refused(await authority.authenticate(withWrongSecret(session.id)), 'token_invalid')
  assert.equal(tap.count('sessions.load'), 1)
})

test('wrong secrets of a cached session cause at most ten reads a second', async (t) => {
  const { authority, tap, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token, session } = await logIn(authority, 'ada')
  await check(authority, token)
  tap.reset()
  for (let at = 0; at < 50; at++) {
    refused(await authority.authenticate(withWrongSecret(session.id)), 'token_invalid')
  }
  assert.equal(tap.count('sessions.load'), 10)
  await check(authority, token)
  clock.advance(1000)
  refused(await authority.authenticate(withWrongSecret(session.id)), 'token_invalid')
  assert.equal(tap.count('sessions.load'), 11)
})

test('the limit on wrong secrets of one session does not affect another', async (t) => {
  const { authority, tap } = await openFixture(t)
  await addActor(authority, 'Ada')
  const [one, other] = [await logIn(authority, 'ada'), await logIn(authority, 'ada')]
  for (const { token } of [one, other]) await check(authority, token)
  for (let at = 0; at < 20; at++) await authority.authenticate(withWrongSecret(one.session.id))
  tap.reset()
  await authority.authenticate(withWrongSecret(other.session.id))
  assert.equal(tap.count('sessions.load'), 1)
})

test('a right secret is never refused because of the number of checks, in any state of the cache', async (t) => {
  const { authority } = await openFixture(t)
  const ada = await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  await check(authority, token)
  await authority.actors.setRoles(ada.id, ['user', 'editor'])
  const checks = await Promise.all(Array.from({ length: 50 }, () => authority.authenticate(token)))
  for (const each of checks) assert.deepEqual(granted(each).session.roles, ['user', 'editor'])
})

test('the reason of an ended session is reported only for its secret', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token, session } = await logIn(authority, 'ada')
  await authority.sessions.end({ id: session.id })
  assert.equal(refused(await authority.authenticate(token), 'session_revoked').reason, 'revoked')
  refused(await authority.authenticate(withWrongSecret(session.id)), 'token_invalid')
})

test('the expiry of a session is reported only for its secret', async (t) => {
  const { authority, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token, session } = await logIn(authority, 'ada')
  clock.set(session.endsAt)
  refused(await authority.authenticate(token), 'session_expired')
  refused(await authority.authenticate(withWrongSecret(session.id)), 'token_invalid')
})

test('a pruned session is merely invalid', async (t) => {
  const { authority, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token, session } = await logIn(authority, 'ada')
  await authority.sessions.end({ id: session.id })
  clock.advance(authority.settings.get('session.keepEndedMs') + 1)
  assert.equal((await authority.prune()).sessions, 1)
  refused(await authority.authenticate(token), 'token_invalid')
})

test('a check whose caller has aborted rejects', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  const signal = AbortSignal.abort(new Error('gone away'))
  await assert.rejects(authority.authenticate(token, { signal }), /gone away/)
})

test('changing the result of a check does not change the cache', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  const { actor } = await check(authority, token)
  assert.throws(() => (actor.roles as string[]).push('admin'), TypeError)
  assert.throws(() => Object.assign(actor, { name: 'Eve' }), TypeError)
  assert.deepEqual((await check(authority, token)).actor.roles, ['user'])
})
