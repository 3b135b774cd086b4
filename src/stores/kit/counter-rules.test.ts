import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { CounterRule, CounterState } from '../../core/ports/index.ts'
import { judge, refunded } from './counter-rules.ts'

const WINDOW = { kind: 'window', limit: 3, windowMs: 1000 } as const
const BACKOFF = {
  kind: 'backoff',
  free: 5,
  baseMs: 1000,
  maxMs: 15_000,
  hardLimit: null,
  forgetMs: 1_000_000,
} as const

/** Judges attempts at given times, each with the state that the previous ones left. */
function attempts(rule: CounterRule, times: readonly number[]) {
  let state: CounterState | null = null
  return times.map((now) => {
    const judged = judge(state, rule, now)
    if (judged.ok) state = judged.next
    return { now, ok: judged.ok, wait: judged.ok ? 0 : judged.retryAfterMs }
  })
}

const times = fc
  .array(fc.nat(700), { maxLength: 80 })
  .map((gaps) => gaps.map((_, at) => gaps.slice(0, at + 1).reduce((sum, gap) => sum + gap, 0)))

test('a window never allows more than its limit, and returns when the next one starts', () => {
  fc.assert(
    fc.property(times, fc.integer({ min: 1, max: 6 }), (at, limit) => {
      const judged = attempts({ ...WINDOW, limit }, at)
      let begin = Number.NEGATIVE_INFINITY
      let through = 0
      for (const { now, ok, wait } of judged) {
        if (now >= begin + 1000) {
          begin = now
          through = 0
        }
        assert.equal(ok, through < limit)
        if (ok) through++
        else assert.equal(now + wait, begin + 1000)
      }
    }),
  )
})

test('a window ends at its exact instant', () => {
  const judged = attempts(WINDOW, [0, 0, 0, 999, 1000])
  assert.deepEqual(
    judged.map(({ ok }) => ok),
    [true, true, true, false, true],
  )
})

test('after the free attempts the pause doubles up to the maximum', () => {
  let state: CounterState | null = null
  let now = 0
  const pauses: number[] = []
  for (let attempt = 0; attempt < 11; attempt++) {
    let judged = judge(state, BACKOFF, now)
    if (!judged.ok) {
      const pause = judged.retryAfterMs
      assert.equal(judge(state, BACKOFF, now + pause - 1).ok, false)
      now += pause
      pauses.push(pause)
      judged = judge(state, BACKOFF, now)
    }
    assert.ok(judged.ok)
    state = judged.next
  }
  assert.deepEqual(pauses, [1000, 2000, 4000, 8000, 15_000, 15_000])
})

test('an attempt after the returned wait is allowed, and a refused attempt does not count', () => {
  fc.assert(
    fc.property(times, (at) => {
      let state = null as CounterState | null
      for (const now of at) {
        const judged = judge(state, BACKOFF, now)
        if (judged.ok) {
          assert.equal(judged.next.count, (state?.count ?? 0) + 1)
          state = judged.next
        } else {
          assert.ok(judged.retryAfterMs > 0 && judged.retryAfterMs <= BACKOFF.maxMs)
          assert.equal(judge(state, BACKOFF, now + judged.retryAfterMs).ok, true)
          assert.deepEqual(judge(state, BACKOFF, now), judged)
        }
      }
    }),
  )
})

test('from the hard limit on every attempt is refused', () => {
  const rule = { ...BACKOFF, free: 1000, hardLimit: 10 }
  const judged = attempts(
    rule,
    Array.from({ length: 20 }, () => 0),
  )
  assert.equal(judged.filter(({ ok }) => ok).length, 10)
  const state = { count: 10, at: 0, expiresAt: rule.forgetMs }
  assert.deepEqual(judge(state, rule, rule.forgetMs - 1), { ok: false, retryAfterMs: rule.maxMs })
})

test('an old enough count is reset, at its exact instant', () => {
  const state = { count: 40, at: 0, expiresAt: 1_000_000 }
  assert.equal(judge(state, { ...BACKOFF, maxMs: 2_000_000 }, 999_999).ok, false)
  const judged = judge(state, BACKOFF, 1_000_000)
  assert.deepEqual(judged, { ok: true, next: { count: 1, at: 1_000_000, expiresAt: 2_000_000 } })
})

test('a count too large to double still waits no longer than the maximum', () => {
  const state = { count: 5000, at: 0, expiresAt: 1_000_000 }
  assert.deepEqual(judge(state, BACKOFF, 0), { ok: false, retryAfterMs: BACKOFF.maxMs })
})

test('a refund subtracts one attempt, and the last refund removes the state', () => {
  const state = { count: 3, at: 5, expiresAt: 100 }
  assert.deepEqual(refunded(state, 10), { count: 2, at: 5, expiresAt: 100 })
  assert.equal(refunded({ ...state, count: 1 }, 10), null)
  assert.equal(refunded(state, 100), null)
  assert.equal(refunded(null, 10), null)
})
