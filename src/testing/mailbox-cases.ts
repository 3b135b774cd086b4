import assert from 'node:assert/strict'
import { START } from './records.ts'
import type { StoreCase } from './store-case.ts'

const limits = { maxEvents: 3, maxBytes: 1000, maxAgeMs: 100 }
const at = { now: START, limits }

/** Mailboxes: order, removal and limits. */
export const mailboxCases: readonly StoreCase[] = [
  {
    name: 'mailboxes: waiting events are returned once, in order, from their own mailbox only',
    async run({ store: { mailboxes } }) {
      const first = await mailboxes.append('a', { name: 'one', data: { x: 'é' } }, at)
      const second = await mailboxes.append('a', { name: 'two' }, at)
      await mailboxes.append('b', { name: 'other' }, at)
      assert.ok(second > first)
      const takes = await Promise.all(
        Array.from({ length: 10 }, () => mailboxes.take('a', { now: START })),
      )
      const taken = takes.flatMap(({ events }) => events)
      assert.deepEqual(taken, [
        { sequence: first, event: { name: 'one', data: { x: 'é' } } },
        { sequence: second, event: { name: 'two' } },
      ])
      assert.equal((await mailboxes.take('b', { now: START })).events.length, 1)
    },
  },
  {
    name: 'mailboxes: are bounded by count, bytes and age, and drop the oldest events first',
    async run({ store: { mailboxes } }) {
      const namesOf = async (mailbox: string, now = START) =>
        (await mailboxes.take(mailbox, { now })).events.map(({ event }) => event.name)
      for (const name of ['1', '2', '3', '4', '5']) await mailboxes.append('a', { name }, at)
      assert.equal((await mailboxes.take('a', { now: START })).dropped, 2)
      for (const name of ['3', '4', '5']) await mailboxes.append('a', { name }, at)
      assert.deepEqual(await namesOf('a'), ['3', '4', '5'])
      const large = 'x'.repeat(600)
      await mailboxes.append('a', { name: 'first', data: large }, at)
      await mailboxes.append('a', { name: 'second', data: large }, at)
      assert.deepEqual(await namesOf('a'), ['second'])
      await mailboxes.append('a', { name: 'huge', data: 'x'.repeat(2000) }, at)
      assert.deepEqual(await namesOf('a'), [])
      await mailboxes.append('a', { name: 'old' }, at)
      await mailboxes.append('a', { name: 'new' }, { now: START + 50, limits })
      assert.deepEqual(await namesOf('a', START + 100), ['new'])
    },
  },
  {
    name: 'mailboxes: removed and expired mailboxes are empty',
    async run({ store: { mailboxes } }) {
      for (const mailbox of ['a', 'b', 'c']) await mailboxes.append(mailbox, { name: 'x' }, at)
      await mailboxes.remove(['a', 'nobody'])
      assert.deepEqual(await mailboxes.take('a', { now: START }), { events: [], dropped: 0 })
      assert.equal(await mailboxes.prune({ now: START + 99, limit: 10 }), 0)
      assert.equal(await mailboxes.prune({ now: START + 100, limit: 1 }), 1)
      assert.equal(await mailboxes.prune({ now: START + 100, limit: 10 }), 1)
      assert.deepEqual(await mailboxes.take('b', { now: START }), { events: [], dropped: 0 })
    },
  },
]
