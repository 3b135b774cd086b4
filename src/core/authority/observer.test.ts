import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  addActor,
  logIn,
  openFixture,
  PASSWORD,
  refused,
  renewalOf,
} from '../../../test/support/authority.ts'
import type { AuditEntry } from '../audit.ts'
import type { Settings } from '../settings.ts'

async function openObserved(t: TestContext, settings: Partial<Settings> = {}) {
  const acts: string[] = []
  const audited = ({ act, outcome }: AuditEntry) => void acts.push(`${act} ${outcome}`)
  const fixture = await openFixture(t, { settings, observer: { audited } })
  await addActor(fixture.authority, 'Ada')
  return { ...fixture, acts }
}

test('a login that is refused after its proof is not reported as a success', async (t) => {
  const settings = { 'profile.web.maxLive': 1, 'profile.web.onLimit': 'refuse' } as const
  const { authority, acts } = await openObserved(t, settings)
  await logIn(authority, 'ada')
  refused(await authority.login({ identity: 'ada', password: PASSWORD }), 'session_limit')
  refused(await authority.login({ identity: 'ada', password: 'wrong' }), 'credentials_invalid')
  assert.deepEqual(acts, ['login ok', 'login credentials_invalid'])
})

test('of concurrent renewals each successor is reported once, and a theft once', async (t) => {
  const { authority, acts, clock } = await openObserved(t, { 'renewal.lostAnswerMs': 0 })
  const login = await logIn(authority, 'ada')
  await Promise.all(Array.from({ length: 5 }, () => authority.renew(renewalOf(login))))
  assert.deepEqual(acts, ['login ok', 'renewal ok'])
  clock.advance(31_000)
  for (let at = 0; at < 2; at++) {
    refused(await authority.renew(renewalOf(login)), 'session_revoked')
  }
  assert.deepEqual(acts.slice(2), ['reuse_detected session_revoked'])
})

test('a vouched anonymous login is reported, although the audit trail has no entry for it', async (t) => {
  const { authority, acts } = await openObserved(t)
  await authority.sessions.loginAnonymous({ vouched: true })
  assert.deepEqual(acts, ['anonymous_login ok'])
})
