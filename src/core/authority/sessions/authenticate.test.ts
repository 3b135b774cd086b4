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

/** A token of a session with a secret that is not its own. */
function withWrongSecret(id: string): string {
  return format({ id, secret: createSecret() }, { owner: '' })
}

test('a check says which session, who acts, and nothing secret', async (t) => {
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

test('a second check asks the store nothing', async (t) => {
  const { authority, tap } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  await check(authority, token)
  tap.reset()
  for (let at = 0; at < 100; at++) await check(authority, token)
  assert.equal(tap.count('sessions') + tap.count('directory') + tap.count('documents'), 0)
})

test('a hundred first checks at once are one reading of the session and one of the actor', async (t) => {
  const { authority, tap } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  tap.reset()
  await Promise.all(Array.from({ length: 100 }, () => check(authority, token)))
  assert.equal(tap.count('sessions.load'), 1)
  assert.equal(tap.count('directory.find'), 1)
})

test('without a token the answer is token_missing, and nobody is asked', async (t) => {
  const { authority, tap } = await openFixture(t)
  tap.reset()
  for (const none of [null, undefined, '']) {
    refused(await authority.authenticate(none), 'token_missing')
  }
  assert.equal(tap.count('sessions'), 0)
})

test('what has no shape of a token is invalid, and nobody is asked', async (t) => {
  const { authority, tap } = await openFixture(t)
  tap.reset()
  const token = withWrongSecret(createSessionId('x'))
  for (const text of ['x', 'Bearer x', `${token}0`, token.slice(0, -1), token.toUpperCase()]) {
    refused(await authority.authenticate(text), 'token_invalid')
  }
  assert.equal(tap.count('sessions'), 0)
})

test('a token whose session nobody has heard of is invalid', async (t) => {
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

test('wrong secrets of a known session cost at most ten readings a second', async (t) => {
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

test('the bound on wrong secrets of one session does not touch another', async (t) => {
  const { authority, tap } = await openFixture(t)
  await addActor(authority, 'Ada')
  const [one, other] = [await logIn(authority, 'ada'), await logIn(authority, 'ada')]
  for (const { token } of [one, other]) await check(authority, token)
  for (let at = 0; at < 20; at++) await authority.authenticate(withWrongSecret(one.session.id))
  tap.reset()
  await authority.authenticate(withWrongSecret(other.session.id))
  assert.equal(tap.count('sessions.load'), 1)
})

test('a right secret is never refused for the number of checks, however the cache stands', async (t) => {
  const { authority } = await openFixture(t)
  const ada = await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  await check(authority, token)
  await authority.actors.setRoles(ada.id, ['user', 'editor'])
  const checks = await Promise.all(Array.from({ length: 50 }, () => authority.authenticate(token)))
  for (const each of checks) assert.deepEqual(granted(each).session.roles, ['user', 'editor'])
})

test('an ended session is told why only to who has its secret', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token, session } = await logIn(authority, 'ada')
  await authority.sessions.end({ id: session.id })
  assert.equal(refused(await authority.authenticate(token), 'session_revoked').reason, 'revoked')
  refused(await authority.authenticate(withWrongSecret(session.id)), 'token_invalid')
})

test('an expired session is told so only to who has its secret', async (t) => {
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

test('a caller that has given up is not answered', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  const signal = AbortSignal.abort(new Error('gone away'))
  await assert.rejects(authority.authenticate(token, { signal }), /gone away/)
})

test('what a check hands out cannot be used to change what is cached', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const { token } = await logIn(authority, 'ada')
  const { actor } = await check(authority, token)
  assert.throws(() => (actor.roles as string[]).push('admin'), TypeError)
  assert.throws(() => Object.assign(actor, { name: 'Eve' }), TypeError)
  assert.deepEqual((await check(authority, token)).actor.roles, ['user'])
})
