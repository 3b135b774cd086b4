import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Candidate, chooseEvicted } from './eviction.ts'

const candidates = fc
  .array(
    fc.record({ createdAt: fc.nat(5), lastUsedAt: fc.nat(5), parent: fc.option(fc.nat(12)) }),
    {
      maxLength: 12,
    },
  )
  .map((made) =>
    made.map(
      ({ parent, ...times }, index): Candidate => ({
        ...times,
        id: `s${index}`,
        parent: parent === null || parent >= index ? null : `s${parent}`,
      }),
    ),
  )
const policy = fc.constantFrom('evict-oldest' as const, 'evict-least-recently-used' as const)

test('an eviction makes room for exactly one more, and evicts no more than necessary', () => {
  fc.assert(
    fc.property(candidates, fc.integer({ min: 1, max: 12 }), policy, (all, max, chosen) => {
      const evicted = chooseEvicted(all, { max, policy: chosen })
      assert.ok(evicted)
      const stay = (gone: readonly Candidate[]) => {
        const ids = new Set(gone.map(({ id }) => id))
        return all.filter(({ id, parent }) => !ids.has(id) && !ids.has(parent ?? ''))
      }
      assert.ok(stay(evicted).length < max)
      if (evicted.length > 0) assert.ok(stay(evicted.slice(0, -1)).length >= max)
      const age = (one: Candidate) => (chosen === 'evict-oldest' ? one.createdAt : one.lastUsedAt)
      for (const one of evicted) {
        for (const other of stay(evicted)) {
          assert.ok(
            age(one) < age(other) ||
              (age(one) === age(other) && all.indexOf(one) < all.indexOf(other)),
          )
        }
      }
    }),
  )
})

test('a refusal evicts no session', () => {
  fc.assert(
    fc.property(candidates, fc.nat(12), (all, max) => {
      const evicted = chooseEvicted(all, { max, policy: 'refuse' })
      assert.deepEqual(evicted, all.length < max ? [] : null)
    }),
  )
})
