import assert from 'node:assert/strict'
import { actorRecord, identity, START } from './records.ts'
import type { StoreCase } from './store-case.ts'

const identities = (...values: string[]) => values.map(identity)

/** Identities that were given up and are held for a time. */
export const holdCases: readonly StoreCase[] = [
  {
    name: 'actors: released identities may be held for their actor until a time',
    async run({ store: { directory } }) {
      const actor = actorRecord({ identities: identities('ada') })
      await directory.create(actor, null)
      const next = { name: 'Zoë', identities: identities('zoë'), now: START }
      const held = { ...next, holdUntil: START + 1000 }
      assert.equal(await directory.setIdentities(actor.id, held, actor.identities), 'ok')
      assert.equal(await directory.findByIdentity('ada'), null)
      const early = actorRecord({ identities: identities('ada'), createdAt: START + 999 })
      assert.equal(await directory.create(early, null), false)
      const back = { name: 'Ada', identities: identities('ada'), now: START }
      assert.equal(await directory.setIdentities(actor.id, back, next.identities), 'ok')
      assert.equal((await directory.findByIdentity('ada'))?.actor.id, actor.id)
      assert.equal(await directory.setIdentities(actor.id, held, back.identities), 'ok')
      const late = actorRecord({ identities: identities('ada'), createdAt: START + 1000 })
      assert.equal(await directory.create(late, null), true)
      assert.equal((await directory.findByIdentity('ada'))?.actor.id, late.id)
    },
  },
  {
    name: 'actors: only holds that have ended are pruned',
    async run({ store: { directory } }) {
      for (const [value, holdUntil] of [
        ['a', START + 1],
        ['b', START + 2],
        ['c', START + 3],
      ] as const) {
        const actor = actorRecord({ identities: identities(value) })
        await directory.create(actor, null)
        await directory.delete(actor.id, { holdUntil })
      }
      assert.equal(await directory.pruneHolds({ now: START + 2, limit: 1 }), 1)
      assert.equal(await directory.pruneHolds({ now: START + 2, limit: 10 }), 1)
      assert.equal(await directory.pruneHolds({ now: START + 2, limit: 10 }), 0)
      const actor = actorRecord({ identities: identities('c'), createdAt: START })
      assert.equal(await directory.create(actor, null), false)
    },
  },
  {
    name: 'actors: identities held after a deletion are free for no actor, old or new, before the time',
    async run({ store: { directory } }) {
      const actor = actorRecord({ identities: identities('ada', 'countess') })
      await directory.create(actor, null)
      const next = { name: 'Ada', identities: identities('ada'), now: START }
      const holdUntil = START + 1000
      const renamed = { ...next, holdUntil }
      assert.equal(await directory.setIdentities(actor.id, renamed, actor.identities), 'ok')
      assert.equal(await directory.delete(actor.id, { holdUntil }), true)
      const other = actorRecord()
      assert.equal(await directory.create(other, null), true)
      for (const value of ['ada', 'countess']) {
        const wanted = { name: 'Eve', identities: identities(value), now: START + 999 }
        const taken = await directory.setIdentities(other.id, wanted, other.identities)
        assert.equal(taken, 'taken', value)
        const again = { ...actor, identities: identities(value), createdAt: START + 999 }
        assert.equal(await directory.create(again, null), false, value)
        assert.equal(await directory.findByIdentity(value), null)
      }
      const free = { name: 'Eve', identities: identities('ada', 'countess'), now: holdUntil }
      assert.equal(await directory.setIdentities(other.id, free, other.identities), 'ok')
    },
  },
]
