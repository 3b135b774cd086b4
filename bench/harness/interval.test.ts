import assert from 'node:assert/strict'
import { test } from 'node:test'
import { medianInterval } from './interval.ts'

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

// Ranks as in printed tables of the sign test (Conover, Practical Nonparametric Statistics, table A3).
const RANKS = [
  { count: 6, low: 1, high: 6 },
  { count: 8, low: 1, high: 8 },
  { count: 9, low: 2, high: 8 },
  { count: 12, low: 3, high: 10 },
  { count: 15, low: 4, high: 12 },
  { count: 20, low: 6, high: 15 },
  { count: 25, low: 8, high: 18 },
]

for (const { count, low, high } of RANKS) {
  test(`of ${count} figures the interval reaches from number ${low} to number ${high}`, () => {
    assert.deepEqual(medianInterval(upTo(count)), { median: (count + 1) / 2, low, high })
  })
}

test('fewer than six figures have no interval of 95 %', () => {
  for (const count of [0, 1, 5]) assert.equal(medianInterval(upTo(count)), null)
})

test('a lower confidence needs fewer figures', () => {
  assert.deepEqual(medianInterval(upTo(5), 0.9), { median: 3, low: 1, high: 5 })
})

test('the order of the figures does not matter', () => {
  const figures = [9, 1, 8, 2, 7, 3, 6, 4, 5]
  assert.deepEqual(medianInterval(figures), { median: 5, low: 2, high: 8 })
  assert.equal(figures[0], 9)
})

test('the interval contains the true median in at least 95 of 100 samples', () => {
  // A skewed distribution with the median 1, drawn by a generator with a fixed seed.
  let state = 1
  const uniform = () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
  const samples = 20_000
  let contained = 0
  for (let sample = 0; sample < samples; sample++) {
    const found = medianInterval(Array.from({ length: 15 }, () => (uniform() * 2) ** 3))
    if (found !== null && found.low <= 1 && found.high >= 1) contained++
  }
  assert.ok(contained / samples > 0.95, `${contained} of ${samples}`)
})
