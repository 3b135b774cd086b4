import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type CacheEntry, CoherentCache, type Loaded } from './coherent-cache.ts'

interface Entry extends CacheEntry {
  readonly name: string
}

type Result = Loaded<Entry, string>

function loaded(name: string, weight = 1): Result {
  return { entry: { name, weight, used: false }, result: name }
}

function createCache(limits: { maxEntries?: number; maxBytes?: number } = {}) {
  return new CoherentCache<Entry, string>({ maxEntries: 100, maxBytes: 1000, ...limits })
}

/** A load that completes when the test resolves it. */
function slowLoad() {
  const { promise, resolve, reject } = Promise.withResolvers<Result>()
  let calls = 0
  const load = () => {
    calls++
    return promise
  }
  return { load, resolve, reject, calls: () => calls }
}

test('a filled entry is found and its weight is counted', async () => {
  const cache = createCache()
  assert.equal(await cache.fill('a', async () => loaded('one', 7)), 'one')
  assert.equal(cache.get('a')?.name, 'one')
  assert.deepEqual([cache.size, cache.bytes], [1, 7])
  assert.equal(cache.get('b'), undefined)
})

test('a result without an entry is returned and not cached', async () => {
  const cache = createCache()
  assert.equal(await cache.fill('a', async () => ({ entry: null, result: 'none' })), 'none')
  assert.equal(cache.size, 0)
})

test('a hundred misses of one id cause one load', async () => {
  const cache = createCache()
  const slow = slowLoad()
  const answers = Array.from({ length: 100 }, () => cache.fill('a', slow.load))
  slow.resolve(loaded('one'))
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(['one']))
  assert.equal(slow.calls(), 1)
})

for (const [name, forget] of [
  ['invalidation of its id', (cache: CoherentCache<Entry, string>) => cache.invalidate('a')],
  ['clearing of the cache', (cache: CoherentCache<Entry, string>) => cache.clear()],
] as const) {
  test(`a read that began before an ${name} is neither cached nor shared`, async () => {
    const cache = createCache()
    const [early, late] = [slowLoad(), slowLoad()]
    const before = cache.fill('a', early.load)
    forget(cache)
    const after = cache.fill('a', late.load)
    late.resolve(loaded('new'))
    assert.equal(await after, 'new')
    early.resolve(loaded('old'))
    assert.equal(await before, 'old')
    assert.equal(cache.get('a')?.name, 'new')
    assert.equal(cache.size, 1)
  })

  test(`a read that ends after an ${name} leaves nothing in the cache`, async () => {
    const cache = createCache()
    const [early, late] = [slowLoad(), slowLoad()]
    const before = cache.fill('a', early.load)
    forget(cache)
    const after = cache.fill('a', late.load)
    early.resolve(loaded('old'))
    await before
    assert.equal(cache.get('a'), undefined)
    const joined = cache.fill('a', () => assert.fail('the later read is still under way'))
    late.resolve(loaded('new'))
    assert.deepEqual([await after, await joined], ['new', 'new'])
  })
}

test('an invalidation of another id does not affect a read', async () => {
  const cache = createCache()
  const slow = slowLoad()
  const answer = cache.fill('a', slow.load)
  cache.invalidate('b')
  slow.resolve(loaded('one'))
  await answer
  assert.equal(cache.get('a')?.name, 'one')
})

test('a failed load rejects every waiting caller and is not cached', async () => {
  const cache = createCache()
  const slow = slowLoad()
  const answers = [cache.fill('a', slow.load), cache.fill('a', slow.load)]
  slow.reject(new Error('gone'))
  for (const answer of answers) await assert.rejects(answer, /gone/)
  assert.equal(await cache.fill('a', async () => loaded('again')), 'again')
  assert.equal(cache.get('a')?.name, 'again')
})

test('a newer value replaces an older one and its weight', async () => {
  const cache = createCache()
  await cache.fill('a', async () => loaded('one', 10))
  await cache.fill('a', async () => loaded('two', 3))
  assert.deepEqual([cache.get('a')?.name, cache.size, cache.bytes], ['two', 1, 3])
})

test('clearing and invalidating subtract the weight', async () => {
  const cache = createCache()
  await cache.fill('a', async () => loaded('one', 10))
  await cache.fill('b', async () => loaded('two', 5))
  cache.invalidate('a')
  assert.equal(cache.bytes, 5)
  cache.clear()
  assert.deepEqual([cache.size, cache.bytes], [0, 0])
})

test('used entries stay, and unused entries are evicted first', async () => {
  const cache = createCache({ maxEntries: 10 })
  for (let at = 0; at < 10; at++) await cache.fill(`old${at}`, async () => loaded('old'))
  const wanted = ['old0', 'old4', 'old9']
  for (let at = 0; at < 50; at++) {
    for (const id of wanted) assert.ok(cache.get(id) !== undefined, `${id} went at ${at}`)
    await cache.fill(`new${at}`, async () => loaded('new'))
  }
})

test('peek does not mark an entry as used', async () => {
  const cache = createCache({ maxEntries: 2 })
  await cache.fill('a', async () => loaded('one'))
  await cache.fill('b', async () => loaded('two'))
  cache.peek('a')
  cache.get('b')
  await cache.fill('c', async () => loaded('three'))
  assert.equal(cache.peek('a'), undefined)
  assert.equal(cache.peek('b')?.name, 'two')
})

test('a new entry is stored even if all others are in use', async () => {
  const cache = createCache({ maxEntries: 4 })
  for (const id of ['a', 'b', 'c', 'd']) await cache.fill(id, async () => loaded(id))
  for (const id of ['a', 'b', 'c', 'd']) cache.get(id)
  await cache.fill('e', async () => loaded('e'))
  assert.equal(cache.peek('e')?.name, 'e')
  assert.equal(cache.size, 4)
})

test('an entry heavier than the cache is not stored and evicts nothing', async () => {
  const cache = createCache({ maxBytes: 10 })
  await cache.fill('a', async () => loaded('one', 4))
  assert.equal(await cache.fill('b', async () => loaded('giant', 11)), 'giant')
  assert.equal(cache.peek('b'), undefined)
  assert.equal(cache.peek('a')?.name, 'one')
})

test('after any sequence of operations both bounds hold and the weight is the sum of the entries', async () => {
  const id = fc.nat(15).map(String)
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ act: fc.constant('fill'), id, weight: fc.nat(12) }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constant('get'), id, weight: fc.constant(0) }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('forget'), id, weight: fc.constant(0) }) },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 100 }), async (steps) => {
      const cache = createCache({ maxEntries: 5, maxBytes: 20 })
      for (const { act, id: at, weight } of steps) {
        if (act === 'fill') await cache.fill(at, async () => loaded(at, weight))
        else if (act === 'get') cache.get(at)
        else cache.invalidate(at)
        const kept = Array.from({ length: 16 }, (_, n) => cache.peek(String(n))?.weight)
        const weights = kept.filter((each) => each !== undefined)
        assert.ok(cache.size <= 5 && cache.bytes <= 20)
        assert.equal(weights.length, cache.size)
        assert.equal(
          weights.reduce((sum, each) => sum + each, 0),
          cache.bytes,
        )
      }
    }),
  )
})
