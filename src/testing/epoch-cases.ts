import assert from 'node:assert/strict'
import { actorRecord, conditions, createdSession, START, sessionRecord } from './records.ts'
import type { StoreCase } from './store-case.ts'

const OWNER = 'owner'
const REVOKED = { now: START, reason: 'revoked' } as const

/** Epochs: how they rise, what they refuse, and what a load returns. */
export const epochCases: readonly StoreCase[] = [
  {
    name: 'epochs: a session created under a higher owner’s epoch raises the store’s to it',
    async run({ store: { sessions } }) {
      const old = await createdSession(sessions, { owner: OWNER })
      const newer = sessionRecord({ owner: OWNER, ownerEpoch: 3 })
      assert.deepEqual(await sessions.create(newer, conditions()), { ok: true, ended: [] })
      assert.deepEqual(await sessions.findEpochs(OWNER), { owner: 3, global: 0 })
      const behind = sessionRecord({ owner: OWNER, ownerEpoch: 2 })
      const refused = { ok: false, refused: 'epoch' }
      assert.deepEqual(await sessions.create(behind, conditions()), refused)
      const { items } = await sessions.list({ now: START, owner: OWNER, limit: 10 })
      assert.deepEqual(items, [newer])
      assert.equal(await sessions.update({ ...old, version: 2 }, 1), false)
      assert.equal(await sessions.markUsed(old.id, 1, START), false)
    },
  },
  {
    name: 'epochs: an impersonation is refused if its target’s epoch has risen since it was read',
    async run({ store: { sessions } }) {
      const { owner: read } = await sessions.findEpochs('target')
      await sessions.end({ owner: 'target', raiseEpoch: true }, REVOKED)
      const record = sessionRecord({ actsAs: 'target' })
      const late = conditions({ targetEpoch: read })
      assert.deepEqual(await sessions.create(record, late), { ok: false, refused: 'epoch' })
      assert.equal(await sessions.find(record.id), null)
      const current = conditions({ targetEpoch: read + 1 })
      assert.deepEqual(await sessions.create(record, current), { ok: true, ended: [] })
    },
  },
  {
    name: 'epochs: a raise to a number never lowers one, and kept sessions get the resulting number',
    async run({ store: { sessions } }) {
      const kept = await createdSession(sessions, { owner: OWNER })
      for (const [raiseEpoch, expected] of [
        [5, 5],
        [3, 5],
        [true, 6],
        [false, 6],
      ] as const) {
        await sessions.end({ owner: OWNER, except: kept.id, raiseEpoch }, REVOKED)
        assert.equal((await sessions.findEpochs(OWNER)).owner, expected)
        assert.equal((await sessions.find(kept.id))?.ownerEpoch, expected)
        assert.equal(await sessions.count({ now: START, owner: OWNER }), 1)
      }
    },
  },
  {
    name: 'epochs: a load returns a record with epochs that are never older than it',
    async run({ store: { sessions } }) {
      assert.equal(await sessions.load('missing'), null)
      const kept = await createdSession(sessions, { owner: OWNER })
      const gone = await createdSession(sessions, { owner: OWNER })
      const raise = () => sessions.end({ owner: OWNER, except: kept.id, raiseEpoch: true }, REVOKED)
      const loads = await Promise.all(
        Array.from({ length: 30 }, async (_, index) => {
          if (index % 3 === 0) await raise()
          return sessions.load(kept.id)
        }),
      )
      for (const loaded of loads) {
        assert.ok(loaded)
        assert.ok(loaded.epochs.owner >= loaded.record.ownerEpoch)
      }
      await sessions.raiseGlobalEpoch()
      const loaded = await sessions.load(gone.id)
      assert.deepEqual(loaded?.epochs, { owner: 10, global: 1 })
      assert.deepEqual([loaded?.record.ownerEpoch, loaded?.record.globalEpoch], [0, 0])
    },
  },
  {
    name: 'epochs: the directory raises an epoch by one or as far as a number, for any owner',
    async run({ store: { directory } }) {
      assert.equal(await directory.findEpoch('missing'), 0)
      assert.equal(await directory.raiseEpoch('missing'), 1)
      assert.equal(await directory.raiseEpoch('missing', 4), 4)
      assert.equal(await directory.raiseEpoch('missing', 2), 4)
      assert.equal(await directory.findEpoch('missing'), 4)
      const actor = actorRecord()
      await directory.create(actor, null)
      const raised = await Promise.all(
        Array.from({ length: 20 }, () => directory.raiseEpoch(actor.id)),
      )
      assert.equal(new Set(raised).size, 20)
      assert.equal((await directory.find(actor.id))?.epoch, 20)
      await directory.delete(actor.id)
      assert.equal(await directory.findEpoch(actor.id), 21)
    },
  },
  {
    name: 'epochs: an epoch raised in the directory ends the sessions on the same engine',
    needs: 'oneEngine',
    async run({ store: { directory, sessions } }) {
      await createdSession(sessions, { owner: OWNER })
      await directory.raiseEpoch(OWNER)
      assert.equal(await sessions.count({ now: START, owner: OWNER }), 0)
    },
  },
]
