import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PackStore } from './pack-store.ts'
import { readIds, readStreamQuery } from './query.ts'

const pack = (name: string) => ({
  event: { name },
  text: `[["${name}"]]`,
  bytes: name.length + 6,
})
const idsOf = (written: string | null) => Object.keys(JSON.parse(written ?? '{}')).map(Number)

test('packs that go before they are written leave no gap, and are told of first', () => {
  const store = new PackStore({ packs: 2, packBytes: 1_000 })
  for (const name of ['a', 'b', 'c', 'd', 'e']) store.put(pack(name))
  assert.equal(
    store.write({ fresh: true }),
    '{"1":[["mailbox.overflow",{"dropped":3}]],"2":[["d"]],"3":[["e"]]}',
  )
})

test('packs that go after they were written are filled in on the next transport', () => {
  const store = new PackStore({ packs: 2, packBytes: 1_000 })
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    store.put(pack(name))
    store.write({ fresh: false })
  }
  assert.equal(store.write({ fresh: false }), null)
  assert.equal(
    store.write({ fresh: true }),
    '{"1":[["mailbox.overflow",{"dropped":3}]],"2":[],"3":[],"4":[["d"]],"5":[["e"]]}',
  )
  store.confirm([1, 2, 3, 4])
  assert.equal(store.write({ fresh: true }), '{"5":[["e"]]}')
})

test('a pack that is too big for the store is told of as lost', () => {
  const store = new PackStore({ packs: 100, packBytes: 20 })
  store.put(pack('x'.repeat(50)))
  assert.equal(store.hasUnsent, true)
  assert.equal(store.write({ fresh: false }), '{"1":[["mailbox.overflow",{"dropped":1}]]}')
  assert.equal(store.hasUnsent, false)
})

test('the events of packs that are not confirmed are listed, after one for those that were dropped', () => {
  const store = new PackStore({ packs: 2, packBytes: 1_000 })
  for (const name of ['a', 'b', 'c']) {
    store.put(pack(name))
    store.write({ fresh: false })
  }
  store.put(pack('d'))
  const overflow = { name: 'mailbox.overflow', data: { dropped: 2 } }
  assert.deepEqual(store.unconfirmed, [overflow, { name: 'c' }, { name: 'd' }])
  store.confirm([3])
  assert.deepEqual(store.unconfirmed, [{ name: 'd' }])
})

test('ids that were never given confirm nothing', () => {
  const store = new PackStore({ packs: 100, packBytes: 1_000 })
  store.put(pack('a'))
  store.confirm([0, 1, 2])
  assert.equal(store.write({ fresh: true }), '{"1":[["a"]]}')
  store.confirm([2])
  assert.equal(store.write({ fresh: true }), '{"1":[["a"]]}')
})

test('whatever comes, a client that goes by ids waits for nothing, and memory is bounded', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.constant('put' as const) },
    { weight: 2, arbitrary: fc.constant('write' as const) },
    fc.constant('reconnect' as const),
    fc.constant('confirm' as const),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const store = new PackStore({ packs: 4, packBytes: 1_000 })
      let seen = 0
      for (const what of [...steps, 'reconnect' as const]) {
        if (what === 'put') store.put(pack('e'))
        else if (what === 'confirm') store.confirm(Array.from({ length: seen }, (_, at) => at + 1))
        else {
          const ids = idsOf(store.write({ fresh: what === 'reconnect' }))
          // A frame that is written and not read: only the reconnecting client reads.
          if (what === 'write') continue
          for (const [at, id] of ids.entries()) assert.equal(id, (ids[0] ?? 0) + at)
          assert.ok((ids[0] ?? seen) <= seen + 1, `it has seen ${seen} and gets ${ids}`)
          seen = Math.max(seen, ids.at(-1) ?? 0)
        }
      }
      assert.ok(idsOf(store.write({ fresh: false })).length <= 5)
    }),
  )
})

test('queries and lists of ids are read without fail', () => {
  assert.equal(readStreamQuery('/msgstreams', '/msgstream', 10), null)
  assert.deepEqual(
    readStreamQuery('/msgstream?confirmIds=1,%202,x,-1,1e3,,03,4', '/msgstream', 9),
    {
      transport: undefined,
      sessionKey: null,
      confirmIds: [1, 2, 4],
    },
  )
  assert.equal(readIds('1,'.repeat(5_000), 1_000).length, 1_000)
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      readStreamQuery(`/msgstream?${text}`, '/msgstream', 10)
      assert.ok(readIds(text, 10).every(Number.isSafeInteger))
    }),
  )
})
