import assert from 'node:assert/strict'
import type { CounterRule } from '../core/ports/index.ts'
import { START } from './records.ts'
import type { StoreCase } from './store-case.ts'

const WINDOW: CounterRule = { kind: 'window', limit: 3, windowMs: 1000 }
const BACKOFF: CounterRule = {
  kind: 'backoff',
  free: 2,
  baseMs: 100,
  maxMs: 400,
  hardLimit: 5,
  forgetMs: 10_000,
}

/** Reservations, refunds and limits of counters. */
export const counterCases: readonly StoreCase[] = [
  {
    name: 'counters: a window allows its limit and restarts at its end',
    async run({ store: { counters } }) {
      const reserve = (at: number) => counters.reserve([{ key: 'a', rule: WINDOW }], START + at)
      assert.deepEqual(await reserve(0), { ok: true, count: 1 })
      assert.deepEqual(await reserve(400), { ok: true, count: 2 })
      assert.deepEqual(await reserve(500), { ok: true, count: 3 })
      assert.deepEqual(await reserve(600), { ok: false, retryAfterMs: 400 })
      assert.deepEqual(await reserve(999), { ok: false, retryAfterMs: 1 })
      assert.deepEqual(await reserve(1000), { ok: true, count: 1 })
    },
  },
  {
    name: 'counters: a backoff doubles its pauses, refuses at the hard limit, and remove resets it',
    async run({ store: { counters } }) {
      const reserve = (at: number) => counters.reserve([{ key: 'b', rule: BACKOFF }], START + at)
      assert.equal((await reserve(0)).ok, true)
      assert.equal((await reserve(0)).ok, true)
      assert.deepEqual(await reserve(0), { ok: false, retryAfterMs: 100 })
      assert.deepEqual(await reserve(60), { ok: false, retryAfterMs: 40 })
      assert.deepEqual(await reserve(100), { ok: true, count: 3 })
      assert.deepEqual(await reserve(200), { ok: false, retryAfterMs: 100 })
      assert.deepEqual(await reserve(300), { ok: true, count: 4 })
      assert.deepEqual(await reserve(700), { ok: true, count: 5 })
      assert.deepEqual(await reserve(9000), { ok: false, retryAfterMs: 400 })
      await counters.remove(['b', 'nothing'])
      assert.deepEqual(await reserve(9001), { ok: true, count: 1 })
    },
  },
  {
    name: 'counters: of 50 simultaneous attempts exactly the limit is allowed',
    async run({ store: { counters } }) {
      const rule: CounterRule = { kind: 'window', limit: 20, windowMs: 1000 }
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => counters.reserve([{ key: 'c', rule }], START)),
      )
      assert.equal(answers.filter(({ ok }) => ok).length, 20)
    },
  },
  {
    name: 'counters: an attempt refused by one rule counts against none, and returns the longest wait',
    async run({ store: { counters } }) {
      const narrow: CounterRule = { kind: 'window', limit: 1, windowMs: 500 }
      const both = (now: number) =>
        counters.reserve(
          [
            { key: 'wide', rule: WINDOW },
            { key: 'narrow', rule: narrow },
          ],
          now,
        )
      assert.deepEqual(await both(START), { ok: true, count: 1 })
      assert.deepEqual(await both(START + 1), { ok: false, retryAfterMs: 499 })
      const wide = [{ key: 'wide', rule: WINDOW }]
      assert.deepEqual(await counters.reserve(wide, START + 2), { ok: true, count: 2 })
      assert.deepEqual(await counters.reserve(wide, START + 2), { ok: true, count: 3 })
      assert.deepEqual(await both(START + 100), { ok: false, retryAfterMs: 900 })
    },
  },
  {
    name: 'counters: a refund subtracts one attempt from each key, down to zero',
    async run({ store: { counters } }) {
      const wanted = ['x', 'y'].map((key) => ({ key, rule: WINDOW }))
      await counters.reserve(wanted, START)
      await counters.reserve(wanted.slice(0, 1), START)
      await counters.refund(['x', 'y', 'unknown'], START)
      await counters.refund(['y'], START)
      assert.deepEqual(await counters.reserve(wanted.slice(0, 1), START), { ok: true, count: 2 })
      assert.deepEqual(await counters.reserve(wanted.slice(1), START), { ok: true, count: 1 })
    },
  },
  {
    name: 'counters: prune removes expired counters only',
    async run({ store: { counters } }) {
      const forget = (forgetMs: number): CounterRule => ({ ...BACKOFF, forgetMs })
      await counters.reserve([{ key: 'long', rule: forget(5000) }], START)
      for (const key of ['one', 'two', 'three']) {
        await counters.reserve([{ key, rule: forget(1000) }], START)
      }
      assert.equal(await counters.prune({ now: START + 999, limit: 10 }), 0)
      assert.equal(await counters.prune({ now: START + 1000, limit: 2 }), 2)
      assert.equal(await counters.prune({ now: START + 1000, limit: 2 }), 1)
      assert.equal(await counters.prune({ now: START + 1000, limit: 2 }), 0)
      const again = await counters.reserve([{ key: 'long', rule: forget(5000) }], START + 1000)
      assert.deepEqual(again, { ok: true, count: 2 })
    },
  },
]
