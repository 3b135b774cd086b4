import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judge, moreIsBetter } from './verdict.ts'

/** Fifteen rounds of which `theirs` are all 100, judged as a rate unless told otherwise. */
function judged(ours: readonly number[], unit = 'checks/s') {
  const theirs = ours.map(() => 100)
  return judge({ bench: 'a-row', against: 'abc1234', unit, turns: 'rounds', ours, theirs })
}

const around = (middle: number, step: number) =>
  Array.from({ length: 15 }, (_, round) => middle + (round - 7) * step)

test('a row has lost when the whole interval lies below 0.95', () => {
  const row = judged(around(80, 1))
  assert.equal(row.ratio, 0.8)
  assert.deepEqual(row.interval, [0.76, 0.84])
  assert.equal(row.verdict, 'lost')
})

test('a row whose interval reaches 0.95 has not lost', () => {
  assert.equal(judged(around(91, 1)).verdict, 'unclear')
  assert.deepEqual(judged(around(91, 1)).interval, [0.87, 0.95])
})

test('a row is kept when the whole interval is at least 0.95', () => {
  assert.equal(judged(around(100, 1)).verdict, 'kept')
  assert.equal(judged(around(96, 0.25)).verdict, 'kept')
})

test('a row has gained when the whole interval lies above 1.05', () => {
  assert.equal(judged(around(120, 1)).verdict, 'gained')
})

test('of times and sizes less is better', () => {
  for (const unit of ['ms', 'ms (p99)', 'bytes/session', 'MiB', 'µs of server/request']) {
    assert.equal(moreIsBetter(unit), false, unit)
    assert.equal(judged(around(130, 1), unit).verdict, 'lost', unit)
    assert.equal(judged(around(70, 1), unit).verdict, 'gained', unit)
  }
})

test('of rates more is better', () => {
  for (const unit of ['checks/s', 'sessions/s', 'calls/s', '× of floor']) {
    assert.equal(moreIsBetter(unit), true, unit)
  }
})

test('each round is compared with the round beside it', () => {
  // Both become twice as slow half way: the ratio stays.
  const theirs = around(100, 1).map((figure, round) => (round < 7 ? figure : figure / 2))
  const ours = theirs.map((figure) => figure * 0.9)
  const row = judge({ bench: 'a', against: 'b', unit: 'x/s', turns: 'rounds', ours, theirs })
  assert.ok(Math.abs(row.ratio - 0.9) < 1e-9)
  assert.equal(row.verdict, 'lost')
})

test('too few rounds are unclear, however far apart the figures are', () => {
  const row = judged([10, 10, 10, 10, 10])
  assert.equal(row.interval, null)
  assert.equal(row.verdict, 'unclear')
})

test('none beside none is as good; some beside none has lost', () => {
  const none = Array.from({ length: 6 }, () => 0)
  const some = none.map(() => 3)
  const beside = (ours: readonly number[], theirs: readonly number[]) =>
    judge({ bench: 'a', against: 'b', unit: 'per burst', turns: 'benches', ours, theirs }).verdict
  assert.equal(beside(none, none), 'kept')
  assert.equal(beside(some, none), 'lost')
  assert.equal(beside(none, some), 'gained')
})

test('checkouts with different numbers of rounds are refused', () => {
  assert.throws(
    () =>
      judge({ bench: 'a', against: 'b', unit: 'ms', turns: 'rounds', ours: [1], theirs: [1, 2] }),
    /a: 1 rounds beside 2/,
  )
})
