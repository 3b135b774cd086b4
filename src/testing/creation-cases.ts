import assert from 'node:assert/strict'
import type { LimitPolicy } from '../core/session/profile.ts'
import { auditEntry, conditions, createdSession, START, sessionRecord } from './records.ts'
import type { StoreCase } from './store-case.ts'

const OWNER = sessionRecord().owner
const POLICIES: readonly LimitPolicy[] = ['evict-oldest', 'evict-least-recently-used', 'refuse']

const limitCases = POLICIES.map(
  (policy): StoreCase => ({
    name: `creation: the limit is exact under 50 simultaneous calls, ${policy}`,
    async run({ store: { sessions, audit } }) {
      const limit = { max: 7, policy }
      const records = Array.from({ length: 50 }, () => sessionRecord())
      const outcomes = await Promise.all(
        records.map((record) =>
          sessions.create(record, conditions({ limit }), { audit: auditEntry() }),
        ),
      )
      const created = outcomes.filter((outcome) => outcome.ok)
      const ended = created.flatMap((outcome) => outcome.ended)
      const { items } = await sessions.list({ now: START, owner: OWNER, limit: 100 })
      assert.equal(items.length, 7)
      assert.equal(created.length, policy === 'refuse' ? 7 : 50)
      assert.equal(ended.length, policy === 'refuse' ? 0 : 43)
      assert.equal(new Set(ended.map(({ id }) => id)).size, ended.length)
      for (const { id, owner, reason } of ended) {
        assert.deepEqual([owner, reason], [OWNER, 'evicted'])
        assert.equal((await sessions.find(id))?.endReason, 'evicted')
      }
      assert.equal((await audit.list({ limit: 100 })).items.length, created.length)
    },
  }),
)

/** Decisions at creation: limits, epochs, parents, the replaced session. */
export const creationCases: readonly StoreCase[] = [
  ...limitCases,
  {
    name: 'creation: the oldest is evicted by createdAt, then by creation order',
    async run({ store: { sessions } }) {
      const limit = { max: 2, policy: 'evict-oldest' } as const
      const second = await createdSession(sessions, { createdAt: START + 5 })
      const first = await createdSession(sessions, { createdAt: START, lastUsedAt: START + 100 })
      const now = START + 200
      const create = async (createdAt: number) => {
        const record = sessionRecord({ createdAt })
        const outcome = await sessions.create(record, conditions({ now, limit }))
        return { record, ended: outcome.ok ? outcome.ended.map(({ id }) => id) : null }
      }
      const third = await create(START + 5)
      assert.deepEqual(third.ended, [first.id])
      assert.deepEqual((await create(START + 5)).ended, [second.id])
      assert.deepEqual((await create(START + 5)).ended, [third.record.id])
    },
  },
  {
    name: 'creation: the least recently used is evicted by the stored lastUsedAt',
    async run({ store: { sessions } }) {
      const limit = { max: 2, policy: 'evict-least-recently-used' } as const
      const first = await createdSession(sessions)
      const second = await createdSession(sessions, { createdAt: START + 1 })
      await sessions.touch([{ id: first.id, lastUsedAt: START + 10 }])
      const outcome = await sessions.create(
        sessionRecord({ createdAt: START + 20 }),
        conditions({ now: START + 20, limit }),
      )
      assert.deepEqual(outcome, {
        ok: true,
        ended: [{ id: second.id, owner: OWNER, reason: 'evicted' }],
      })
    },
  },
  {
    name: 'creation: a lowered limit evicts all sessions above it',
    async run({ store: { sessions } }) {
      for (let index = 0; index < 5; index++) {
        await createdSession(sessions, { createdAt: START + index })
      }
      const limit = { max: 2, policy: 'evict-oldest' } as const
      const outcome = await sessions.create(
        sessionRecord({ createdAt: START + 9 }),
        conditions({ now: START + 9, limit }),
      )
      assert.equal(outcome.ok && outcome.ended.length, 4)
      assert.equal(await sessions.count({ now: START + 9 }), 2)
    },
  },
  {
    name: 'creation: the limit counts only live sessions of this owner and profile',
    async run({ store: { sessions } }) {
      await createdSession(sessions, { profile: 'device' })
      await createdSession(sessions, { owner: 'another' })
      await createdSession(sessions, { idleMs: 1000 })
      const ended = await createdSession(sessions)
      await sessions.end({ id: ended.id }, { now: START + 1, reason: 'revoked' })
      const limit = { max: 1, policy: 'refuse' } as const
      const now = START + 1000
      const first = await sessions.create(sessionRecord(), conditions({ now, limit }))
      assert.deepEqual(first, { ok: true, ended: [] })
      const second = await sessions.create(sessionRecord(), conditions({ now, limit }))
      assert.deepEqual(second, { ok: false, refused: 'limit' })
    },
  },
  {
    name: 'creation: is refused if an epoch has risen since it was read, with nothing written',
    async run({ store: { sessions, audit } }) {
      const old = await createdSession(sessions)
      const epochs = await sessions.findEpochs(OWNER)
      assert.deepEqual(epochs, { owner: 0, global: 0 })
      await sessions.end({ owner: OWNER, raiseEpoch: true }, { now: START, reason: 'suspended' })
      assert.deepEqual(await sessions.findEpochs(OWNER), { owner: 1, global: 0 })
      assert.deepEqual(await sessions.findEpochs('another'), { owner: 0, global: 0 })
      const record = sessionRecord()
      const options = { audit: auditEntry() }
      const refused = { ok: false, refused: 'epoch' }
      assert.deepEqual(await sessions.create(record, conditions(), options), refused)
      assert.equal(await sessions.raiseGlobalEpoch(), 1)
      const halfNew = { ...record, ownerEpoch: 1 }
      assert.deepEqual(await sessions.create(halfNew, conditions(), options), refused)
      assert.equal(await sessions.find(record.id), null)
      assert.deepEqual((await audit.list({ limit: 10 })).items, [])
      const current = { ...record, ownerEpoch: 1, globalEpoch: 1 }
      const created = await sessions.create(current, conditions(), options)
      assert.deepEqual(created, { ok: true, ended: [] })
      assert.equal((await sessions.find(old.id))?.endReason, 'suspended')
      assert.equal((await audit.list({ limit: 10 })).items.length, 1)
    },
  },
  {
    name: 'creation: no login that began before its owner was locked stays live',
    async run({ store: { sessions } }) {
      const logins = Array.from({ length: 20 }, () => sessionRecord())
      const create = () =>
        logins.splice(0, 5).map((record) => sessions.create(record, conditions()))
      const end = sessions.end(
        { owner: OWNER, raiseEpoch: true },
        { now: START, reason: 'password_changed' },
      )
      await Promise.all([...create(), ...create(), end, ...create(), ...create()])
      assert.equal(await sessions.count({ now: START }), 0)
    },
  },
  {
    name: 'creation: an impersonation requires a live parent',
    async run({ store: { sessions } }) {
      const parent = await createdSession(sessions, { idleMs: 1000 })
      const child = () => sessionRecord({ parent: parent.id, profile: 'impersonation' })
      const refused = { ok: false, refused: 'parent' }
      const late = conditions({ now: START + 1000 })
      assert.deepEqual(await sessions.create(child(), late), refused)
      assert.equal((await sessions.create(child(), conditions())).ok, true)
      const replaces = { id: parent.id, reason: 'upgraded' } as const
      assert.deepEqual(await sessions.create(child(), conditions({ replaces })), refused)
      await sessions.end({ id: parent.id }, { now: START, reason: 'revoked' })
      assert.deepEqual(await sessions.create(child(), conditions()), refused)
      const orphan = sessionRecord({ parent: 'missing' })
      assert.deepEqual(await sessions.create(orphan, conditions()), refused)
    },
  },
  {
    name: 'creation: the replaced session ends in the same write and is not counted',
    async run({ store: { sessions } }) {
      const before = await createdSession(sessions)
      const child = await createdSession(sessions, { parent: before.id, profile: 'impersonation' })
      const options = conditions({
        limit: { max: 1, policy: 'refuse' },
        replaces: { id: before.id, reason: 'upgraded' },
      })
      assert.deepEqual(await sessions.create(sessionRecord(), options), {
        ok: true,
        ended: [
          { id: before.id, owner: OWNER, reason: 'upgraded' },
          { id: child.id, owner: OWNER, reason: 'parent_ended' },
        ],
      })
      assert.equal((await sessions.find(before.id))?.endReason, 'upgraded')
      const again = await sessions.create(sessionRecord(), options)
      assert.deepEqual(again, { ok: false, refused: 'limit' })
    },
  },
  {
    name: 'creation: a refused creation ends nothing',
    async run({ store: { sessions } }) {
      const other = await createdSession(sessions)
      const before = await createdSession(sessions, { profile: 'device' })
      const outcome = await sessions.create(
        sessionRecord(),
        conditions({
          limit: { max: 1, policy: 'refuse' },
          replaces: { id: before.id, reason: 'upgraded' },
        }),
      )
      assert.deepEqual(outcome, { ok: false, refused: 'limit' })
      assert.deepEqual(await sessions.find(before.id), before)
      assert.deepEqual(await sessions.find(other.id), other)
    },
  },
  {
    name: 'creation: an eviction also ends the impersonations of the evicted session',
    async run({ store: { sessions } }) {
      const parent = await createdSession(sessions)
      const child = await createdSession(sessions, { parent: parent.id, profile: 'impersonation' })
      const limit = { max: 1, policy: 'evict-oldest' } as const
      const outcome = await sessions.create(sessionRecord(), conditions({ limit }))
      assert.deepEqual(outcome.ok && outcome.ended.map(({ id, reason }) => [id, reason]), [
        [parent.id, 'evicted'],
        [child.id, 'parent_ended'],
      ])
    },
  },
]
