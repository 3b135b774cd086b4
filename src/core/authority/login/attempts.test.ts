import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addActor,
  CHEAP,
  granted,
  HOUR,
  logIn,
  MINUTE,
  openFixture,
  PASSWORD,
  refused,
  type TestFixture,
} from '../../../../test/support/authority.ts'
import { deriveArgon2 } from '../../credential/password/argon2.ts'
import { LatchkeyError } from '../../errors.ts'
import type { AuthorityOptions } from '../create-authority.ts'

const WRONG = { identity: 'ada', password: 'wrong password' }
const RIGHT = { identity: 'ada', password: PASSWORD }
/** Distributed attempts, each from another address. */
const from = (at: number) => ({ address: `2001:db8:${at.toString(16)}::1` })

async function fail({ authority }: TestFixture, times: number, identity = 'ada') {
  for (let at = 0; at < times; at++) {
    refused(await authority.login({ ...WRONG, identity }, from(at)), 'credentials_invalid')
  }
}

for (const identity of ['ada', 'unknown']) {
  test(`after five failures ${identity} is throttled, twice as long each time`, async (t) => {
    const fixture = await openFixture(t)
    await addActor(fixture.authority, 'Ada')
    await fail(fixture, 5, identity)
    for (const pause of [1000, 2000, 4000]) {
      const refusal = refused(await fixture.authority.login({ ...WRONG, identity }), 'throttled')
      assert.equal(refusal.retryAfterMs, pause)
      fixture.clock.advance(pause)
      await fail(fixture, 1, identity)
    }
  })
}

test('while an identity is throttled even the right password is refused; after the pause it works', async (t) => {
  const fixture = await openFixture(t)
  await addActor(fixture.authority, 'Ada')
  await fail(fixture, 5)
  refused(await fixture.authority.login(RIGHT), 'throttled')
  fixture.clock.advance(1000)
  granted(await fixture.authority.login(RIGHT))
})

test('a success resets the failures before it', async (t) => {
  const fixture = await openFixture(t)
  await addActor(fixture.authority, 'Ada')
  await fail(fixture, 4)
  granted(await fixture.authority.login(RIGHT))
  await fail(fixture, 5)
})

test('name and e-mail of one actor share their failures', async (t) => {
  const fixture = await openFixture(t)
  const registration = { name: 'Ada', email: 'ada@example.org', password: PASSWORD }
  granted(await fixture.authority.actors.register(registration))
  await fail(fixture, 3)
  await fail(fixture, 2, 'ada@example.org')
  refused(await fixture.authority.login(RIGHT), 'throttled')
})

test('failures from an unknown address do not throttle a known address', async (t) => {
  const fixture = await openFixture(t)
  await addActor(fixture.authority, 'Ada')
  const home = { address: '192.0.2.7' }
  granted(await fixture.authority.login(RIGHT, home))
  await fail(fixture, 5)
  refused(await fixture.authority.login(RIGHT, from(77)), 'throttled')
  granted(await fixture.authority.login(RIGHT, home))
})

test('after a hundred failures the password works from known addresses only, until it is reset', async (t) => {
  const fixture = await openFixture(t, { settings: { 'throttle.identityFree': 1000 } })
  const { authority, clock } = fixture
  const ada = await addActor(authority, 'Ada')
  const home = { address: '192.0.2.7' }
  granted(await authority.login(RIGHT, home))
  await fail(fixture, 100)
  refused(await authority.login(RIGHT, from(500)), 'throttled')
  clock.advance(24 * HOUR)
  refused(await authority.login(RIGHT, from(500)), 'throttled')
  granted(await authority.login(RIGHT, home))
  refused(await authority.login(RIGHT, from(500)), 'throttled')
  const next = 'another fine stone'
  granted(await authority.credentials.resetPassword({ actorId: ada.id, next }))
  granted(await authority.login({ ...RIGHT, password: next }, from(500)))
})

test('failures are limited to twenty a minute per address, for any identities', async (t) => {
  const { authority, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  const tryAs = (at: number, address: string) =>
    authority.login({ identity: `unknown${at}`, password: 'x' }, { address })
  for (let at = 0; at < 20; at++) {
    // One IPv6 network counts as one address.
    refused(await tryAs(at, `2001:db8::${at + 1}`), 'credentials_invalid')
  }
  const refusal = refused(await tryAs(20, '2001:db8::9999'), 'throttled')
  assert.equal(refusal.retryAfterMs, MINUTE)
  refused(await tryAs(21, '2001:db8:0:1::1'), 'credentials_invalid')
  clock.advance(MINUTE)
  refused(await tryAs(22, '2001:db8::1'), 'credentials_invalid')
})

test('a success is not counted against its address', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  for (let at = 0; at < 30; at++) await logIn(authority, 'ada', {}, { address: '192.0.2.7' })
})

test('registrations and anonymous logins are limited to twenty a minute each per address', async (t) => {
  const { authority } = await openFixture(t)
  const here = { address: '192.0.2.7' }
  for (let at = 0; at < 20; at++) {
    granted(await authority.actors.register({ name: `n${at}`, password: PASSWORD }, here))
    granted(await authority.sessions.loginAnonymous({}, here))
  }
  refused(await authority.actors.register({ name: 'n20', password: PASSWORD }, here), 'throttled')
  refused(await authority.sessions.loginAnonymous({}, here), 'throttled')
})

/** A hasher whose derivations wait until they are released. */
function stalled(): {
  passwords: AuthorityOptions['passwords']
  work: () => number
  go: () => void
} {
  const going = Promise.withResolvers<void>()
  let work = 0
  const derive = async (input: Parameters<typeof deriveArgon2>[0]) => {
    work++
    await going.promise
    return deriveArgon2(input)
  }
  return { passwords: { ...CHEAP, derive }, work: () => work, go: going.resolve }
}

test('of a hundred simultaneous wrong passwords at most five are verified', async (t) => {
  const fixture = await openFixture(t)
  await addActor(fixture.authority, 'Ada')
  const { passwords, work, go } = stalled()
  const { authority } = await fixture.addNode({ passwords: { ...passwords, concurrency: 100 } })
  const logins = Array.from({ length: 100 }, (_, at) => authority.login(WRONG, from(at)))
  go()
  const outcomes = await Promise.all(logins)
  assert.equal(work(), 5)
  const codes = outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.code))
  assert.equal(codes.filter((code) => code === 'credentials_invalid').length, 5)
  assert.equal(codes.filter((code) => code === 'throttled').length, 95)
})

test('an attempt refused because the queue is full is not counted', async (t) => {
  const fixture = await openFixture(t)
  await addActor(fixture.authority, 'Ada')
  const { passwords, go } = stalled()
  const full = { ...passwords, concurrency: 1, queueLimit: 0 }
  const { authority } = await fixture.addNode({ passwords: full })
  const here = { address: '192.0.2.7' }
  const first = authority.login({ identity: 'someone', password: 'x' })
  for (let at = 0; at < 30; at++) {
    assert.ok((refused(await authority.login(RIGHT, here), 'busy').retryAfterMs ?? 0) > 0)
  }
  go()
  await first
  granted(await authority.login(RIGHT, here))
})

test('a verification that failed for a technical reason is not counted', async (t) => {
  const fixture = await openFixture(t)
  await addActor(fixture.authority, 'Ada')
  const derive = () => Promise.reject(new LatchkeyError('unavailable', 'No memory.'))
  const { authority } = await fixture.addNode({ passwords: { ...CHEAP, derive } })
  for (let at = 0; at < 20; at++) refused(await authority.login(RIGHT), 'unavailable')
  granted(await fixture.authority.login(RIGHT))
})

test('many concurrent right logins of one identity from one address all succeed', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const client = { address: '203.0.113.9' }
  const logins = await Promise.all(Array.from({ length: 60 }, () => authority.login(RIGHT, client)))
  for (const login of logins) granted(login)
})

test('concurrent wrong logins are throttled as wrong logins one after the other are', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const logins = await Promise.all(
    Array.from({ length: 30 }, (_, at) => authority.login(WRONG, from(at))),
  )
  const codes = logins.map((login) => (login.ok ? 'ok' : login.code))
  assert.equal(codes.filter((code) => code === 'credentials_invalid').length, 5)
  assert.equal(codes.filter((code) => code === 'throttled').length, 25)
})

test('concurrent right step-ups and password checks do not refuse each other', async (t) => {
  const { authority } = await openFixture(t)
  const ada = await addActor(authority, 'Ada')
  const proofs = await Promise.all(
    Array.from({ length: 12 }, () =>
      authority.credentials.verifyLogin({ actorId: ada.id, password: PASSWORD }),
    ),
  )
  for (const proof of proofs) granted(proof)
})
