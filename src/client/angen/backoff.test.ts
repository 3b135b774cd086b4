import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBackoff } from './backoff.ts'

test('waits double up to the cap, are drawn from all that is below, and begin anew', () => {
  const backoff = createBackoff(30_000, () => 1)
  const waits = Array.from({ length: 8 }, () => backoff.next())
  assert.deepEqual(waits, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  backoff.reset()
  assert.equal(backoff.next(), 500)
  assert.equal(createBackoff(30_000, () => 0).next(), 0)
})

test('a wait is no shorter than the server asked for', () => {
  const backoff = createBackoff(30_000, () => 0.5)
  assert.equal(backoff.next(45_000), 45_250)
})
