import assert from 'node:assert/strict'
import { START } from './records.ts'
import type { StoreCase } from './store-case.ts'

/** Small named values with a version. */
export const documentCases: readonly StoreCase[] = [
  {
    name: 'documents: versions start at 1 and rise with each save',
    async run({ store: { documents } }) {
      const now = START
      assert.equal(await documents.find('a', now), null)
      assert.equal(await documents.save('a', '{"x":"ü\u0000"}', { now, expectedVersion: 0 }), 1)
      assert.equal(await documents.save('a', 'late', { now, expectedVersion: 0 }), null)
      assert.equal(await documents.save('a', 'second', { now, expectedVersion: 1 }), 2)
      assert.equal(await documents.save('a', 'third', { now }), 3)
      assert.equal(await documents.save('a', 'late', { now, expectedVersion: 2 }), null)
      assert.deepEqual(await documents.find('a', now), {
        value: 'third',
        version: 3,
        expiresAt: null,
      })
      assert.equal(await documents.save('b', 'x', { now, expectedVersion: 1 }), null)
      assert.equal(await documents.save('b', '{"x":"ü\u0000"}', { now }), 1)
      assert.equal((await documents.find('b', now))?.value, '{"x":"ü\u0000"}')
    },
  },
  {
    name: 'documents: of 20 simultaneous saves at one version exactly one succeeds',
    async run({ store: { documents } }) {
      for (const expectedVersion of [0, 1]) {
        const saved = await Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            documents.save('a', `${index}`, { now: START, expectedVersion }),
          ),
        )
        assert.deepEqual(
          saved.filter((version) => version !== null),
          [expectedVersion + 1],
        )
        const value = `${saved.indexOf(expectedVersion + 1)}`
        assert.equal((await documents.find('a', START))?.value, value)
      }
    },
  },
  {
    name: 'documents: of 20 simultaneous removals exactly one returns true',
    async run({ store: { documents } }) {
      await documents.save('code', 'x', { now: START })
      const wrong = { now: START, expectedVersion: 2 }
      assert.equal(await documents.remove('code', wrong), false)
      const removed = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          documents.remove('code', index % 2 ? { now: START } : { now: START, expectedVersion: 1 }),
        ),
      )
      assert.equal(removed.filter(Boolean).length, 1)
      assert.equal(await documents.find('code', START), null)
      assert.equal(await documents.remove('code', { now: START }), false)
    },
  },
  {
    name: 'documents: a document expires at its exact instant and may be created again',
    async run({ store: { documents } }) {
      const at = START + 1000
      await documents.save('a', 'x', { now: START, expiresAt: at })
      await documents.save('a', 'y', { now: START, expiresAt: at, expectedVersion: 1 })
      assert.deepEqual(await documents.find('a', at - 1), { value: 'y', version: 2, expiresAt: at })
      assert.equal(await documents.find('a', at), null)
      assert.equal(await documents.remove('a', { now: at }), false)
      assert.equal(await documents.save('a', 'z', { now: at, expectedVersion: 2 }), null)
      assert.equal(await documents.save('a', 'z', { now: at, expectedVersion: 0 }), 1)
      assert.deepEqual(await documents.find('a', at), { value: 'z', version: 1, expiresAt: null })
    },
  },
  {
    name: 'documents: prune removes expired documents only',
    async run({ store: { documents } }) {
      await documents.save('kept', 'x', { now: START })
      await documents.save('later', 'x', { now: START, expiresAt: START + 2000 })
      for (const key of ['a', 'b', 'c']) {
        await documents.save(key, 'x', { now: START, expiresAt: START + 1000 })
      }
      assert.equal(await documents.prune({ now: START + 999, limit: 10 }), 0)
      assert.equal(await documents.prune({ now: START + 1000, limit: 2 }), 2)
      assert.equal(await documents.prune({ now: START + 1000, limit: 2 }), 1)
      assert.equal(await documents.prune({ now: START + 1000, limit: 2 }), 0)
      for (const key of ['kept', 'later']) {
        assert.equal((await documents.find(key, START))?.value, 'x')
      }
      for (const key of ['a', 'b', 'c']) assert.equal(await documents.find(key, START), null)
    },
  },
]
