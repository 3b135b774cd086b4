import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addActor,
  CHEAP,
  check,
  DAY,
  logIn,
  openFixture,
  PASSWORD,
  refused,
  settled,
} from '../../../test/support/authority.ts'
import { mockTimers } from '../../../test/support/mock-timers.ts'
import { memory } from '../../stores/memory/index.ts'
import { createAuthority } from './create-authority.ts'

test('pruning removes what is past its retention, and nothing live', async (t) => {
  const { authority, clock } = await openFixture(t)
  await addActor(authority, 'Ada')
  const gone = await logIn(authority, 'ada')
  const kept = await logIn(authority, 'ada', { profile: 'device' })
  await authority.login({ identity: 'unknown', password: 'x' }, { address: '192.0.2.7' })
  await authority.sessions.end({ id: gone.session.id })
  clock.advance(DAY)
  const early = await authority.prune()
  assert.deepEqual([early.sessions, early.counters, early.done], [0, 1, true])
  clock.advance(1)
  assert.equal((await authority.prune()).sessions, 1)
  await check(authority, kept.token)
})

test('pruning keeps as much of the audit trail as the settings require', async (t) => {
  const { authority, clock } = await openFixture(t, { settings: { 'audit.maxEntries': 3 } })
  for (let at = 0; at < 10; at++) await authority.login({ identity: `n${at}`, password: 'x' })
  assert.equal((await authority.prune()).audit, 7)
  clock.advance(authority.settings.get('audit.retentionMs') + 1)
  assert.equal((await authority.prune()).audit, 3)
})

test('pruning with few steps reports that it is not done', async (t) => {
  const { authority, clock } = await openFixture(t)
  for (let at = 0; at < 3; at++) await authority.sessions.loginAnonymous()
  clock.advance(100 * DAY)
  assert.equal((await authority.prune({ maxSteps: 1 })).done, false)
  assert.equal((await authority.prune()).done, true)
})

test('pruning runs periodically, and its failure is reported', async (t) => {
  mockTimers(t, ['setInterval'])
  const fixture = await openFixture(t)
  const { tap, errors } = await fixture.addNode({ pruneEveryMs: 60_000 })
  t.mock.timers.tick(60_000)
  await settled()
  assert.ok(tap.count('sessions.prune') > 0)
  tap.intercept('sessions.prune', () => Promise.reject(new Error('gone')))
  t.mock.timers.tick(60_000)
  await settled()
  assert.equal(errors.length, 1)
})

test('closing writes what is pending, and closing again does nothing', async (t) => {
  const { authority, tap } = await openFixture(t)
  const closing = [authority.close(), authority.close()]
  await Promise.all(closing)
  await authority.close()
  refused(await authority.login({ identity: 'ada', password: PASSWORD }), 'unavailable')
  assert.equal(tap.count('sessions.touch'), 0)
})

test('a store that cannot be opened is closed', async () => {
  const store = memory()
  const settings = { 'renewal.graceMs': -1 }
  const opening = createAuthority({ store, passwords: CHEAP, settings })
  await assert.rejects(opening, { code: 'invalid_request' })
  await assert.rejects(store.sessions.findEpochs(''), { code: 'unavailable' })
})

test('a ping reports whether the store answers', async (t) => {
  const { authority, tap } = await openFixture(t)
  await authority.ping()
  tap.intercept('sessions.findEpochs', () => Promise.reject(new Error('gone')))
  await assert.rejects(authority.ping(), { code: 'unavailable' })
})
