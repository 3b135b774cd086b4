import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addActor,
  check,
  granted,
  logIn,
  openFixture,
  PASSWORD,
  reasonOf,
  refused,
} from '../../../../test/support/authority.ts'

const NEXT = 'another fine stone'

async function openWithSessions(t: Parameters<typeof openFixture>[0]) {
  const fixture = await openFixture(t)
  const ada = await addActor(fixture.authority, 'Ada')
  const [mine, other] = [
    await logIn(fixture.authority, 'ada'),
    await logIn(fixture.authority, 'ada'),
  ]
  for (const { token } of [mine, other]) await check(fixture.authority, token)
  const change = { actorId: ada.id, currentPassword: PASSWORD, next: NEXT }
  return { ...fixture, ada, mine, other, change: { ...change, current: mine.session.id } }
}

test('after a change the new password logs in and the old one does not', async (t) => {
  const { authority, change } = await openWithSessions(t)
  granted(await authority.credentials.changePassword(change))
  granted(await authority.login({ identity: 'ada', password: NEXT }))
  const old = await authority.login({ identity: 'ada', password: PASSWORD })
  refused(old, 'credentials_invalid')
})

test('a change requires the current password, and its failures count like those of a login', async (t) => {
  const { authority, change, mine } = await openWithSessions(t)
  for (let at = 0; at < 5; at++) {
    const wrong = { ...change, currentPassword: 'wrong' }
    refused(await authority.credentials.changePassword(wrong), 'credentials_invalid')
  }
  refused(await authority.credentials.changePassword(change), 'throttled')
  await check(authority, mine.token)
  const { items } = await authority.audit.list({ act: 'password_changed', limit: 10 })
  assert.deepEqual(
    items.map(({ outcome }) => outcome),
    Array(5).fill('credentials_invalid').concat('throttled').reverse(),
  )
})

for (const [sessions, mineLives, otherLives] of [
  ['keep', true, true],
  ['revoke-others', true, false],
  ['revoke-all', false, false],
  [undefined, true, false],
] as const) {
  test(`a change with ${sessions ?? 'the default'} ends exactly those sessions`, async (t) => {
    const { authority, change, mine, other } = await openWithSessions(t)
    const request = sessions === undefined ? change : { ...change, sessions }
    granted(await authority.credentials.changePassword(request))
    for (const [{ token }, lives] of [
      [mine, mineLives],
      [other, otherLives],
    ] as const) {
      if (lives) await check(authority, token)
      else assert.equal(await reasonOf(authority, token), 'password_changed')
    }
  })
}

test('a new password that does not meet the policy changes nothing', async (t) => {
  const { authority, change, other } = await openWithSessions(t)
  for (const next of ['short', 'password1', 'password123']) {
    const refusal = refused(
      await authority.credentials.changePassword({ ...change, next }),
      'password_refused',
    )
    assert.equal(refusal.issues?.[0]?.path, 'password')
    assert.ok(!JSON.stringify(refusal).includes(next))
  }
  await check(authority, other.token)
  granted(await authority.login({ identity: 'ada', password: PASSWORD }))
})

test('of two simultaneous changes exactly one succeeds', async (t) => {
  const { authority, change } = await openWithSessions(t)
  const nexts = ['the first of two', 'the second of two']
  const outcomes = await Promise.all(
    nexts.map((next) => authority.credentials.changePassword({ ...change, next })),
  )
  const won = outcomes.findIndex(({ ok }) => ok)
  refused(outcomes[1 - won] ?? { ok: true }, 'conflict')
  granted(await authority.login({ identity: 'ada', password: nexts[won] ?? '' }))
})

test('a reset requires no proof, and refuses an unknown actor', async (t) => {
  const { authority, ada, mine } = await openWithSessions(t)
  granted(await authority.credentials.resetPassword({ actorId: ada.id, next: NEXT }))
  assert.equal(await reasonOf(authority, mine.token), 'password_changed')
  granted(await authority.login({ identity: 'ada', password: NEXT }))
  refused(
    await authority.credentials.resetPassword({ actorId: 'unknown-actor', next: NEXT }),
    'not_found',
  )
  const bad = await authority.credentials.resetPassword({ actorId: ada.id, next: 'x' })
  refused(bad, 'password_refused')
})
