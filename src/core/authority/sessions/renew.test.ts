import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addActor,
  check,
  DAY,
  granted,
  HOUR,
  logIn,
  MINUTE,
  openFixture,
  reasonOf,
  refused,
  renewalOf,
} from '../../../../test/support/authority.ts'
import { nativeCodec } from '../../token/native-codec.ts'
import { createSessionId } from '../../token/session-id.ts'

const GRACE = 30_000

test('a renewal keeps the id, raises the generation and replaces both secrets', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const login = await logIn(authority, 'ada', { label: 'laptop' })
  const renewed = granted(await authority.renew(renewalOf(login)))
  assert.equal(renewed.session.id, login.session.id)
  assert.equal(renewed.session.generation, 1)
  assert.notEqual(renewed.token, login.token)
  assert.notEqual(renewed.renewal, login.renewal)
  assert.equal((await check(authority, renewed.token)).session.generation, 1)
  assert.equal(renewed.session.authenticatedAt, login.session.authenticatedAt)
})

test('a retry within the grace period gets the same successor, on any node', async (t) => {
  const here = await openFixture(t)
  const there = await here.addNode()
  await addActor(here.authority, 'Ada')
  const code = renewalOf(await logIn(here.authority, 'ada'))
  const first = granted(await here.authority.renew(code))
  here.clock.advance(GRACE - 1)
  for (const { authority } of [here, there]) {
    const again = granted(await authority.renew(code))
    assert.deepEqual([again.token, again.renewal], [first.token, first.renewal])
  }
  await check(there.authority, first.token)
})

test('twenty simultaneous renewals, on two nodes, are one generation', async (t) => {
  const here = await openFixture(t)
  const there = await here.addNode()
  await addActor(here.authority, 'Ada')
  const login = await logIn(here.authority, 'ada')
  const code = renewalOf(login)
  const renewals = await Promise.all(
    Array.from({ length: 20 }, (_, at) => (at % 2 ? here : there).authority.renew(code)),
  )
  assert.equal(new Set(renewals.map((each) => granted(each).token)).size, 1)
  assert.equal(new Set(renewals.map((each) => granted(each).renewal)).size, 1)
  assert.equal((await here.raw.sessions.find(login.session.id))?.generation, 1)
})

test('a code presented again after its successor was used ends the session on every node', async (t) => {
  const { authority, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  const code = renewalOf(await logIn(authority, 'ada'))
  const renewed = granted(await authority.renew(code))
  await check(authority, renewed.token)
  clock.advance(GRACE)
  assert.equal(refused(await authority.renew(code), 'session_revoked').reason, 'reuse_detected')
  assert.equal(await reasonOf(authority, renewed.token), 'reuse_detected')
  const late = refused(await authority.renew(renewalOf(renewed)), 'session_revoked')
  assert.equal(late.reason, 'reuse_detected')
  const { items } = await authority.audit.list({ act: 'reuse_detected', limit: 10 })
  assert.equal(items.length, 1)
})

test('a lost answer is replaced by another successor after the grace period, and the unused one becomes invalid', async (t) => {
  const here = await openFixture(t)
  const there = await here.addNode()
  await addActor(here.authority, 'Ada')
  const code = renewalOf(await logIn(here.authority, 'ada'))
  const lost = granted(await here.authority.renew(code))
  here.clock.advance(GRACE)
  const again = granted(await there.authority.renew(code))
  assert.notEqual(again.token, lost.token)
  assert.notEqual(again.renewal, lost.renewal)
  assert.equal(again.session.id, lost.session.id)
  refused(await here.authority.authenticate(lost.token), 'token_invalid')
  assert.deepEqual(granted(await here.authority.renew(code)), again)
  await check(here.authority, again.token)
  const { items } = await here.authority.audit.list({ act: 'renewal', limit: 10 })
  assert.deepEqual(
    items.map(({ detail }) => detail),
    [{ reissue: true }, null],
  )
})

test('the next use of a superseded successor ends the session', async (t) => {
  const { authority, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  const code = renewalOf(await logIn(authority, 'ada'))
  const owner = granted(await authority.renew(code))
  clock.advance(GRACE)
  const thief = granted(await authority.renew(code))
  await check(authority, thief.token)
  const refusal = refused(await authority.renew(renewalOf(owner)), 'session_revoked')
  assert.equal(refusal.reason, 'reuse_detected')
  assert.equal(await reasonOf(authority, thief.token), 'reuse_detected')
})

test('a lost answer is replaced at most sixteen times, and not after renewal.lostAnswerMs', async (t) => {
  const { authority, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  await authority.settings.set('renewal.lostAnswerMs', 30 * MINUTE)
  const code = renewalOf(await logIn(authority, 'ada'))
  granted(await authority.renew(code))
  for (let at = 0; at < 16; at++) {
    clock.advance(GRACE)
    granted(await authority.renew(code))
  }
  clock.advance(GRACE)
  assert.equal(refused(await authority.renew(code), 'session_revoked').reason, 'reuse_detected')
  const other = renewalOf(await logIn(authority, 'ada'))
  granted(await authority.renew(other))
  clock.advance(30 * MINUTE)
  assert.equal(refused(await authority.renew(other), 'session_revoked').reason, 'reuse_detected')
})

test('a successor used while another is being issued is not replaced', async (t) => {
  const here = await openFixture(t)
  const there = await here.addNode()
  await addActor(here.authority, 'Ada')
  const code = renewalOf(await logIn(here.authority, 'ada'))
  const first = granted(await here.authority.renew(code))
  here.clock.advance(GRACE)
  const held = there.tap.hold('sessions.update', 'before')
  const reissuing = there.authority.renew(code)
  await held.reached
  await check(here.authority, first.token)
  held.release()
  assert.equal(refused(await reissuing, 'session_revoked').reason, 'reuse_detected')
})

test('the first use of a successor is written before the answer, and is not answered from a cache', async (t) => {
  const { authority, tap, raw } = await openFixture(t)
  await addActor(authority, 'Ada')
  const login = await logIn(authority, 'ada')
  const renewed = granted(await authority.renew(renewalOf(login)))
  assert.equal((await raw.sessions.find(login.session.id))?.usedAt, null)
  tap.intercept('sessions.markUsed', () => Promise.reject(new Error('disk full')))
  refused(await authority.authenticate(renewed.token), 'unavailable')
  tap.intercept('sessions.markUsed', null)
  await check(authority, renewed.token)
  assert.notEqual((await raw.sessions.find(login.session.id))?.usedAt, null)
  tap.reset()
  for (let at = 0; at < 10; at++) await check(authority, renewed.token)
  assert.equal(tap.count('sessions.markUsed'), 0)
})

test('a stolen code is detected from any address, with any binding', async (t) => {
  const { authority, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  const home = { address: '192.0.2.7' }
  const login = await logIn(authority, 'ada', { bindAddress: true }, home)
  const renewed = granted(await authority.renew(renewalOf(login), home))
  await check(authority, renewed.token, home)
  clock.advance(GRACE)
  const elsewhere = { address: '198.51.100.9' }
  refused(await authority.renew(renewalOf(login), elsewhere), 'session_revoked')
})

test('a code two generations old is theft within the grace period too', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const code = renewalOf(await logIn(authority, 'ada'))
  const second = granted(await authority.renew(code))
  granted(await authority.renew(renewalOf(second)))
  assert.equal(refused(await authority.renew(code), 'session_revoked').reason, 'reuse_detected')
})

test('a code of another family is merely invalid and ends nothing', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const login = await logIn(authority, 'ada')
  const parts = nativeCodec.parseRenewal(renewalOf(login))
  assert.ok(parts !== null)
  const secret = nativeCodec.createSecret()
  for (const made of [
    { ...parts, family: secret },
    { ...parts, family: secret, generation: secret },
    { ...parts, id: createSessionId('x') },
  ]) {
    refused(await authority.renew(nativeCodec.formatRenewal(made)), 'token_invalid')
  }
  for (const text of ['', 'x', login.token]) refused(await authority.renew(text), 'token_invalid')
  await check(authority, login.token)
  // The right family secret with a forged generation secret is half of the code.
  const half = nativeCodec.formatRenewal({ ...parts, generation: secret })
  assert.equal(refused(await authority.renew(half), 'session_revoked').reason, 'reuse_detected')
})

test('the end of a session ends the grace period', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const login = await logIn(authority, 'ada')
  const renewed = granted(await authority.renew(renewalOf(login)))
  await authority.logout(await check(authority, renewed.token))
  for (const code of [renewalOf(login), renewalOf(renewed)]) {
    assert.equal(refused(await authority.renew(code), 'session_revoked').reason, 'logged_out')
  }
})

test('a session that ends during its renewal is not renewed', async (t) => {
  const { authority, tap } = await openFixture(t)
  await addActor(authority, 'Ada')
  const login = await logIn(authority, 'ada')
  const held = tap.hold('sessions.update', 'before')
  const renewing = authority.renew(renewalOf(login))
  await held.reached
  await authority.sessions.end({ id: login.session.id })
  held.release()
  assert.equal(refused(await renewing, 'session_revoked').reason, 'revoked')
})

test('the old token of a web session is valid during the grace period', async (t) => {
  const { authority, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  const login = await logIn(authority, 'ada')
  granted(await authority.renew(renewalOf(login)))
  clock.advance(GRACE - 1)
  await check(authority, login.token)
  clock.advance(1)
  refused(await authority.authenticate(login.token), 'token_invalid')
})

test('the old token of a device session becomes invalid at once', async (t) => {
  const here = await openFixture(t)
  const there = await here.addNode()
  await addActor(here.authority, 'Ada')
  const login = await logIn(here.authority, 'ada', { profile: 'device' })
  for (const { authority } of [here, there]) await check(authority, login.token)
  granted(await here.authority.renew(renewalOf(login)))
  for (const { authority } of [here, there]) {
    refused(await authority.authenticate(login.token), 'token_invalid')
  }
})

test('an old token stays valid until its expiry if the setting allows it', async (t) => {
  const settings = { 'profile.agent.renewable': true }
  const { authority, clock } = await openFixture(t, { settings })
  await addActor(authority, 'Ada')
  const login = await logIn(authority, 'ada', { profile: 'agent' })
  clock.advance(5 * MINUTE)
  granted(await authority.renew(renewalOf(login)))
  clock.set(login.session.createdAt + 10 * MINUTE - 1)
  await check(authority, login.token)
  clock.advance(1)
  refused(await authority.authenticate(login.token), 'token_invalid')
})

test('a device session is renewed for a month at a time, at most a year in total', async (t) => {
  const { authority, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  let login = await logIn(authority, 'ada', { profile: 'device' })
  const { endsAt } = login.session
  assert.equal(endsAt, clock.now() + 365 * DAY)
  for (let month = 1; month <= 10; month++) {
    clock.advance(31 * DAY - 1)
    login = granted(await authority.renew(renewalOf(login)))
    assert.equal(login.session.expiresAt, clock.now() + 31 * DAY)
    assert.equal(login.session.endsAt, endsAt)
  }
  clock.advance(31 * DAY - 1)
  login = granted(await authority.renew(renewalOf(login)))
  assert.equal(login.session.expiresAt, endsAt)
  clock.set(endsAt - 1)
  granted(await authority.renew(renewalOf(login)))
  clock.set(endsAt)
  refused(await authority.renew(renewalOf(login)), 'session_expired')
})

test('a web session is not renewed past its end, nor after its idle time', async (t) => {
  const { authority, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  const login = await logIn(authority, 'ada')
  clock.advance(HOUR - 1)
  const renewed = granted(await authority.renew(renewalOf(login)))
  assert.equal(renewed.session.endsAt, login.session.endsAt)
  assert.equal(renewed.session.expiresAt, clock.now() + HOUR)
  clock.advance(HOUR)
  refused(await authority.renew(renewalOf(renewed)), 'session_expired')
})

test('a step-up between a renewal and its retry makes the retry fail', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const code = renewalOf(await logIn(authority, 'ada'))
  const renewed = granted(await authority.renew(code))
  const current = await check(authority, renewed.token)
  const proven = granted(await authority.stepUp(current, { password: 'quiet river stone' }))
  refused(await authority.renew(code), 'conflict')
  await check(authority, proven.token)
  granted(await authority.renew(renewalOf(renewed)))
})

test('a session of a suspended actor is not renewed', async (t) => {
  const { authority, raw } = await openFixture(t)
  const ada = await addActor(authority, 'Ada')
  const code = renewalOf(await logIn(authority, 'ada'))
  // Changed in the store directly, as in an application's own directory: the session itself has not
  // ended.
  await raw.directory.update(ada.id, { status: 'suspended' })
  await authority.actors.changed(ada.id)
  assert.equal(refused(await authority.renew(code), 'session_revoked').reason, 'suspended')
})
