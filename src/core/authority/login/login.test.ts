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
import { deriveArgon2 } from '../../credential/password/argon2.ts'
import { createPasswordHasher } from '../../credential/password/index.ts'
import { LatchkeyError } from '../../errors.ts'
import type { ProfileName } from '../../session/profile.ts'

const ADA = { identity: 'ada', password: PASSWORD }

/** Options of a hasher that counts its derivations. */
function counting() {
  const work = { done: 0 }
  const passwords = {
    ...CHEAP,
    derive(input: Parameters<typeof deriveArgon2>[0]) {
      work.done++
      return deriveArgon2(input)
    },
  }
  return { work, passwords }
}

test('an unknown identity, a wrong password and an empty identity get the same answer after the same work', async (t) => {
  const { work, passwords } = counting()
  const { authority } = await openFixture(t, { passwords })
  await addActor(authority, 'Ada')
  granted(await authority.actors.import({ name: 'Nopass' }))
  const answers = []
  for (const identity of ['ada', 'unknown', 'nopass', '\u0000', ' ']) {
    work.done = 0
    answers.push(await authority.login({ identity, password: 'wrong password' }))
    assert.equal(work.done, 1, identity)
  }
  for (const answer of answers) assert.deepEqual(answer, answers[0])
  refused(answers[0] ?? { ok: true }, 'credentials_invalid')
})

test('name and e-mail both log in, in any case', async (t) => {
  const { authority } = await openFixture(t)
  const registration = { name: 'Ada', email: 'Ada@Example.org', password: PASSWORD }
  const { actor } = granted(await authority.actors.register(registration))
  for (const identity of ['Ada', ' ADA ', 'ada@example.ORG']) {
    assert.equal((await logIn(authority, identity)).actor.id, actor.id)
  }
})

test('a login creates a new id and ends the session it replaces', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const anonymous = granted(await authority.sessions.loginAnonymous())
  const login = await logIn(authority, 'ada', { replaces: await check(authority, anonymous.token) })
  assert.notEqual(login.session.id, anonymous.session.id)
  assert.equal(await reasonOf(authority, anonymous.token), 'upgraded')
  await check(authority, login.token)
})

test('a refused login does not affect the session it would replace', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  const anonymous = granted(await authority.sessions.loginAnonymous())
  const wrong = { ...ADA, password: 'wrong', replaces: await check(authority, anonymous.token) }
  refused(await authority.login(wrong), 'credentials_invalid')
  await check(authority, anonymous.token)
})

test('a login with an unknown profile or format is refused', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  for (const profile of ['nothing', 'constructor', '__proto__']) {
    refused(await authority.login({ ...ADA, profile: profile as ProfileName }), 'invalid_request')
  }
  refused(await authority.login({ ...ADA, format: 'nothing' }), 'invalid_request')
})

test('a login has a renewal code if its profile is renewable', async (t) => {
  const { authority } = await openFixture(t)
  await addActor(authority, 'Ada')
  assert.equal((await logIn(authority, 'ada', { profile: 'game' })).renewal, null)
  assert.notEqual((await logIn(authority, 'ada')).renewal, null)
})

test('guards run before and after the proof, in order, and receive no password', async (t) => {
  const seen: string[] = []
  const guard = (when: 'before' | 'after', name: string) => ({
    when,
    async check(login: object) {
      const { actor } = login as { actor: { name: string } | null }
      seen.push(`${name} ${actor?.name ?? 'unknown'}`)
      assert.doesNotMatch(JSON.stringify(login), /river/)
    },
  })
  const guards = [guard('after', 'c'), guard('before', 'a'), guard('before', 'b')]
  const { authority } = await openFixture(t, { guards })
  await addActor(authority, 'Ada')
  await logIn(authority, 'ada')
  await authority.login({ identity: 'missing', password: PASSWORD })
  assert.deepEqual(seen, ['a Ada', 'b Ada', 'c Ada', 'a unknown', 'b unknown'])
})

for (const when of ['before', 'after'] as const) {
  for (const kind of ['sync', 'async'] as const) {
    test(`a guard that throws ${kind} ${when} the proof refuses the login`, async (t) => {
      const { work, passwords } = counting()
      let thrown: Error = new Error('full moon')
      const check = () => {
        if (kind === 'async') return Promise.reject(thrown)
        throw thrown
      }
      const { authority, tap } = await openFixture(t, { passwords, guards: [{ when, check }] })
      await addActor(authority, 'Ada')
      work.done = 0
      const plain = refused(await authority.login(ADA), 'access_denied')
      assert.equal(plain.cause, thrown)
      assert.doesNotMatch(plain.message, /moon/)
      thrown = new LatchkeyError('throttled', 'Later.', { retryAfterMs: 7 })
      assert.equal(refused(await authority.login(ADA), 'throttled').retryAfterMs, 7)
      assert.equal(work.done, when === 'before' ? 0 : 2)
      assert.equal(tap.count('sessions.create'), 0)
    })
  }
}

test('a foreign hash is replaced at the first login, and the password stays valid', async (t) => {
  const { authority, raw } = await openFixture(t)
  const passwordHash = await createPasswordHasher({ memoryKiB: 64, passes: 1 }).hash(PASSWORD)
  const { actor } = granted(await authority.actors.import({ name: 'Ada', passwordHash }))
  await logIn(authority, 'ada')
  const stored = (await raw.directory.find(actor.id))?.passwordHash
  assert.match(stored ?? '', /m=8,t=1/)
  await logIn(authority, 'ada')
  assert.equal((await raw.directory.find(actor.id))?.passwordHash, stored)
})

test('a foreign hash of a part of the password stays, and the whole password stays valid', async (t) => {
  const { authority, raw } = await openFixture(t)
  const { hashSync } = await import('bcryptjs')
  const password = `${'x'.repeat(72)}REAL`
  const passwordHash = hashSync(password, 4)
  const { actor } = granted(await authority.actors.import({ name: 'Ada', passwordHash }))
  granted(await authority.login({ identity: 'ada', password: `${'x'.repeat(72)}typo` }))
  assert.equal((await raw.directory.find(actor.id))?.passwordHash, passwordHash)
  granted(await authority.login({ identity: 'ada', password }))
})

test('an import reports a format that is not supported, and takes a locked entry as no password', async (t) => {
  const { authority, raw } = await openFixture(t)
  const foreign = { name: 'Eve', passwordHash: '$6$rounds=1000$wE5aEME6JCYVgPi/$VN7' }
  const { message } = refused(await authority.actors.import(foreign), 'invalid_request')
  assert.match(message, /^passwordHash: is SHA-crypt/)
  for (const [at, passwordHash] of ['', '!', '*', '!R0Zg5SKnIL4zLHo26rjq'].entries()) {
    const { actor } = granted(await authority.actors.import({ name: `ann${at}`, passwordHash }))
    assert.equal((await raw.directory.find(actor.id))?.passwordHash, null)
    refused(await authority.login({ identity: actor.name, password: '' }), 'credentials_invalid')
  }
})

test('a hash that cannot be replaced does not prevent the login', async (t) => {
  const { authority, tap, errors } = await openFixture(t)
  const passwordHash = await createPasswordHasher({ memoryKiB: 64, passes: 1 }).hash(PASSWORD)
  granted(await authority.actors.import({ name: 'Ada', passwordHash }))
  tap.intercept('directory.setPassword', () => Promise.reject(new Error('read only')))
  await logIn(authority, 'ada')
  assert.equal(errors.length, 1)
})

test('a rehash does not undo a password change made in between', async (t) => {
  const { authority, raw, tap } = await openFixture(t)
  const passwordHash = await createPasswordHasher({ memoryKiB: 64, passes: 1 }).hash(PASSWORD)
  const { actor } = granted(await authority.actors.import({ name: 'Ada', passwordHash }))
  tap.intercept('directory.setPassword', async (proceed) => {
    await raw.directory.setPassword(actor.id, 'the new hash', passwordHash)
    return proceed()
  })
  await authority.login(ADA)
  assert.equal((await raw.directory.find(actor.id))?.passwordHash, 'the new hash')
})

test('a proof verified elsewhere starts a session', async (t) => {
  const { authority } = await openFixture(t)
  const ada = await addActor(authority, 'Ada')
  const { token } = granted(await authority.sessions.loginAs(ada.id))
  assert.equal((await check(authority, token)).actor.id, ada.id)
  refused(await authority.sessions.loginAs('unknown-actor'), 'not_found')
})

test('of many simultaneous registrations of one identity exactly one succeeds', async (t) => {
  const { authority } = await openFixture(t)
  const names = ['Ada', 'ada', ' ADA', 'aDa', 'Ada ']
  const outcomes = await Promise.all(
    names.map((name) => authority.actors.register({ name, password: PASSWORD })),
  )
  assert.equal(outcomes.filter(({ ok }) => ok).length, 1)
  const loser = outcomes.find(({ ok }) => !ok)
  const { issues } = refused(loser ?? { ok: true }, 'identity_taken')
  assert.deepEqual(issues, [{ path: 'name', message: 'has already been taken' }])
})

test('a registration names the e-mail address that is taken', async (t) => {
  const { authority } = await openFixture(t)
  const email = 'ada@example.org'
  granted(await authority.actors.register({ name: 'Ada', email, password: PASSWORD }))
  const second = await authority.actors.register({ name: 'Eve', email, password: PASSWORD })
  assert.equal(refused(second, 'identity_taken').issues?.[0]?.path, 'email')
  // The refused registration stored nothing.
  granted(await authority.actors.register({ name: 'Eve', password: PASSWORD }))
})

test('an invalid registration is refused with its field', async (t) => {
  const { authority } = await openFixture(t)
  const name = 'Ada'
  for (const [registration, code, path] of [
    [{ name: ' ', password: PASSWORD }, 'invalid_request', 'name'],
    [{ name, email: 'nowhere', password: PASSWORD }, 'invalid_request', 'email'],
    [{ name, password: 'short' }, 'password_refused', 'password'],
    [{ name: 'Adalbert', password: 'adalbert1' }, 'password_refused', 'password'],
  ] as const) {
    assert.equal(
      refused(await authority.actors.register(registration), code).issues?.[0]?.path,
      path,
    )
  }
  const odd = await authority.actors.import({ name, passwordHash: 'md5:abc' })
  assert.equal(refused(odd, 'invalid_request').issues?.[0]?.path, 'passwordHash')
})
