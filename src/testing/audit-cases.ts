import assert from 'node:assert/strict'
import { auditEntry, START } from './records.ts'
import type { StoreCase } from './store-case.ts'

/** The audit trail: order, pages, filters, retention. */
export const auditCases: readonly StoreCase[] = [
  {
    name: 'audit: a forward read from a cursor has no loss or repetition while the trail grows and is pruned',
    async run({ store: { audit } }) {
      const entries = Array.from({ length: 7 }, (_, at) => auditEntry({ at: START + at }))
      await audit.append(entries.slice(0, 5))
      const seen: number[] = []
      let after: string | undefined
      for (let round = 0; round < 4; round++) {
        const tail = await audit.read({ limit: 2, ...(after === undefined ? {} : { after }) })
        seen.push(...tail.items.map(({ at }) => at - START))
        after = tail.cursor
        if (round === 1) await audit.append(entries.slice(5))
        if (round === 2) {
          await audit.prune({ before: START + 3, maxEntries: 100, limit: 100 })
        }
      }
      assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6])
      const idle = await audit.read({ limit: 2, after: after ?? '' })
      assert.deepEqual(idle, { items: [], cursor: after })
      const listed = await audit.list({ limit: 1 })
      const invalid = { code: 'invalid_request' }
      await assert.rejects(audit.read({ limit: 1, after: listed.next ?? 'x' }), invalid)
      await assert.rejects(audit.read({ limit: 0 }), invalid)
    },
  },
  {
    name: 'audit: erasing removes the personal data of the acts of given actors, step by step, and nothing else',
    async run({ store: { audit } }) {
      const facts = { address: '203.0.113.9', identityHash: 'hash', detail: { from: 'here' } }
      const entries = Array.from({ length: 9 }, (_, at) =>
        auditEntry({ at: START + at, actor: ['ada', 'bob', 'eve'][at % 3] ?? null, ...facts }),
      )
      await audit.append(entries)
      const erased: number[] = []
      let after: string | undefined
      do {
        const from = after === undefined ? {} : { after }
        const page = await audit.erase({ actors: ['ada', 'bob'], limit: 4, ...from })
        erased.push(page.erased)
        after = page.next
      } while (after !== undefined)
      assert.deepEqual(erased, [3, 3, 0])
      const { items } = await audit.list({ limit: 10 })
      const nothing = { address: null, identityHash: null, detail: null }
      for (const { id: _, ...item } of items) {
        const before = entries.find(({ at }) => at === item.at)
        assert.deepEqual(item, { ...before, ...(item.actor === 'eve' ? {} : nothing) })
      }
      assert.equal((await audit.erase({ actors: ['ada', 'bob'], limit: 100 })).erased, 0)
      const listed = await audit.list({ limit: 1 })
      const wrong = { actors: ['ada'], limit: 1, after: listed.next ?? 'x' }
      await assert.rejects(audit.erase(wrong), { code: 'invalid_request' })
    },
  },
  {
    name: 'audit: entries are returned unchanged, newest first, each with a unique id',
    async run({ store: { audit } }) {
      const bare = auditEntry({ actor: null, door: null, address: null })
      const full = auditEntry({
        target: 'target',
        session: 'session',
        identityHash: 'hash',
        detail: { count: 2, known: true, name: '“x”\u0000', none: null },
      })
      await audit.append([bare, full])
      await audit.append([])
      const { items, next } = await audit.list({ limit: 10 })
      assert.equal(next, undefined)
      assert.deepEqual(
        items.map(({ id: _, ...entry }) => entry),
        [full, bare],
      )
      assert.equal(new Set(items.map(({ id }) => id)).size, 2)
    },
  },
  {
    name: 'audit: the order is that of the writes, at any times, and pages keep it',
    async run({ store: { audit } }) {
      const times = [5, 3, 9, 3, 1, 7, 2]
      for (const at of times) await audit.append([auditEntry({ at: START + at })])
      const seen: number[] = []
      let after: string | undefined
      do {
        const page = await audit.list({ limit: 3, ...(after ? { after } : {}) })
        assert.ok(page.items.length <= 3)
        seen.push(...page.items.map(({ at }) => at - START))
        after = page.next
        // An entry written between two pages is newer than both.
        await audit.append([auditEntry({ at: START + 100 })])
      } while (after !== undefined)
      assert.deepEqual(seen, times.toReversed())
    },
  },
  {
    name: 'audit: filters by actor, act, session and time',
    async run({ store: { audit } }) {
      await audit.append([
        auditEntry({ at: START, actor: 'a', act: 'login', session: 's1' }),
        auditEntry({ at: START + 1, actor: 'b', act: 'login', session: 's2' }),
        auditEntry({ at: START + 2, actor: 'a', act: 'logout', session: 's1' }),
        auditEntry({ at: START + 3, actor: null, act: 'login' }),
      ])
      const times = async (query: Partial<Parameters<typeof audit.list>[0]>) =>
        (await audit.list({ limit: 10, ...query })).items.map(({ at }) => at - START)
      assert.deepEqual(await times({ actor: 'a' }), [2, 0])
      assert.deepEqual(await times({ act: 'login' }), [3, 1, 0])
      assert.deepEqual(await times({ session: 's2' }), [1])
      assert.deepEqual(await times({ since: START + 2 }), [3, 2])
      assert.deepEqual(await times({ actor: 'a', act: 'login', since: START + 1 }), [])
    },
  },
  {
    name: 'audit: prune removes entries that are too old or too many, up to its limit',
    async run({ store: { audit } }) {
      await audit.append(Array.from({ length: 10 }, (_, at) => auditEntry({ at: START + at })))
      const left = async () =>
        (await audit.list({ limit: 100 })).items.map(({ at }) => at - START).reverse()
      const prune = (before: number, maxEntries: number, limit: number) =>
        audit.prune({ before: START + before, maxEntries, limit })
      assert.equal(await prune(0, 10, 100), 0)
      assert.equal(await prune(5, 100, 3), 3)
      assert.equal(await prune(5, 100, 3), 2)
      assert.equal(await prune(5, 100, 3), 0)
      assert.deepEqual(await left(), [5, 6, 7, 8, 9])
      assert.equal(await prune(0, 2, 2), 2)
      assert.equal(await prune(0, 2, 2), 1)
      assert.deepEqual(await left(), [8, 9])
      assert.equal(await prune(9, 1, 10), 1)
      assert.equal(await prune(0, 0, 10), 1)
      assert.deepEqual(await left(), [])
    },
  },
]
