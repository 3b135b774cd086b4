import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { sessionRecord } from '../../testing/records.ts'
import { expiresAt, stateOf } from './lifetimes.ts'

const EPOCHS = { owner: 0, global: 0 }
const time = fc.integer({ min: 0, max: 10_000 })
const record = fc
  .record({
    lastUsedAt: time,
    idleMs: fc.option(fc.integer({ min: 1, max: 5000 })),
    tokenExpiresAt: fc.option(time),
    endsAt: time,
  })
  .map((lifetime) => sessionRecord(lifetime))

test('a session expires at the earliest of its idle, token and absolute end', () => {
  fc.assert(
    fc.property(record, (session) => {
      const { lastUsedAt, idleMs, tokenExpiresAt, endsAt } = session
      const ends = [endsAt, tokenExpiresAt, idleMs === null ? null : lastUsedAt + idleMs]
      assert.equal(expiresAt(session), Math.min(...ends.filter((end) => end !== null)))
    }),
  )
})

test('a session is live before its end, and expired exactly at it', () => {
  fc.assert(
    fc.property(record, (session) => {
      const end = expiresAt(session)
      assert.equal(stateOf(session, { now: end - 1, epochs: EPOCHS }), 'live')
      assert.equal(stateOf(session, { now: end, epochs: EPOCHS }), 'expired')
    }),
  )
})

test('an ended session, or one of an older epoch, is ended at any time', () => {
  fc.assert(
    fc.property(record, time, (session, now) => {
      assert.equal(stateOf({ ...session, endedAt: 1 }, { now, epochs: EPOCHS }), 'ended')
      assert.equal(stateOf(session, { now, epochs: { owner: 0, global: 1 } }), 'ended')
      assert.equal(stateOf(session, { now, epochs: { owner: 1, global: 0 } }), 'ended')
    }),
  )
})
