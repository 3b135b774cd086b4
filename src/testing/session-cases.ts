import assert from 'node:assert/strict'
import { auditEntry, conditions, createdSession, START, sessionRecord } from './records.ts'
import type { StoreCase } from './store-case.ts'

const OWNER = sessionRecord().owner
const HOUR = 3_600_000

/** The life of one session: found, updated, touched, ended, expired, pruned. */
export const sessionCases: readonly StoreCase[] = [
  {
    name: 'sessions: a record is returned unchanged',
    async run({ store: { sessions } }) {
      const full = await createdSession(sessions, { tokenExpiresAt: START + 5, roles: null })
      const bare = sessionRecord({
        anonymous: true,
        previousTokenHash: null,
        renewal: null,
        binding: null,
        idleMs: null,
        roles: [],
        client: { address: null, userAgent: null, label: 'work “laptop”\u0000\n' },
      })
      assert.deepEqual(await sessions.create(bare, conditions()), { ok: true, ended: [] })
      assert.deepEqual(await sessions.find(full.id), full)
      assert.deepEqual(await sessions.find(bare.id), bare)
      assert.equal(await sessions.find('missing'), null)
    },
  },
  {
    name: 'sessions: stored and returned records are copies',
    async run({ store: { sessions } }) {
      const roles = ['user']
      const record = sessionRecord({ roles })
      const creation = sessions.create(record, conditions())
      roles.push('admin')
      await creation
      const found = await sessions.find(record.id)
      assert.deepEqual(found?.roles, ['user'])
      Object.assign(found?.client ?? {}, { label: 'changed' })
      Object.assign(found ?? {}, { owner: 'changed' })
      const again = await sessions.find(record.id)
      assert.deepEqual([again?.client.label, again?.owner], [null, OWNER])
    },
  },
  {
    name: 'sessions: an update replaces the fields that may change and keeps the others',
    async run({ store: { sessions } }) {
      const record = await createdSession(sessions)
      const changed = {
        ...record,
        tokenHash: 'next',
        previousTokenHash: record.tokenHash,
        renewal: record.renewal && { ...record.renewal, hash: 'next', sealed: 'sealed' },
        lastUsedAt: START + 10,
        tokenExpiresAt: START + HOUR,
        generation: 2,
        version: 2,
        roles: null,
      }
      assert.equal(await sessions.update(changed, 1), true)
      assert.deepEqual(await sessions.find(record.id), changed)
      const moved = { ...changed, profile: 'x', parent: 'x', endedAt: START, version: 3 } as const
      assert.equal(await sessions.update(moved, 2), true)
      assert.deepEqual(await sessions.find(record.id), { ...changed, version: 3 })
    },
  },
  {
    name: 'sessions: of 20 simultaneous updates at one version exactly one returns true',
    async run({ store: { sessions } }) {
      const record = await createdSession(sessions)
      const attempts = Array.from({ length: 20 }, (_, index) => `token ${index}`)
      const results = await Promise.all(
        attempts.map((tokenHash) => sessions.update({ ...record, tokenHash, version: 2 }, 1)),
      )
      assert.equal(results.filter(Boolean).length, 1)
      const after = await sessions.find(record.id)
      assert.equal(after?.tokenHash, attempts[results.indexOf(true)])
      assert.equal(after?.version, 2)
    },
  },
  {
    name: 'sessions: an update of an older version, a missing session or an ended session returns false',
    async run({ store: { sessions, audit } }) {
      const record = await createdSession(sessions)
      const next = { ...record, tokenHash: 'next', version: 2 }
      const options = { audit: auditEntry({ act: 'renewal' }) }
      assert.equal(await sessions.update(next, 0, options), false)
      assert.equal(await sessions.update({ ...next, id: 'missing' }, 1, options), false)
      await sessions.end({ id: record.id }, { now: START + 1, reason: 'revoked' })
      assert.equal(await sessions.update({ ...next, version: 3 }, 2, options), false)
      assert.equal((await sessions.find(record.id))?.endReason, 'revoked')
      const other = await createdSession(sessions)
      await sessions.raiseGlobalEpoch()
      assert.equal(await sessions.update({ ...other, version: 2 }, 1, options), false)
      assert.deepEqual((await audit.list({ limit: 10 })).items, [])
    },
  },
  {
    name: 'sessions: an update is refused if an epoch has risen since the record was read',
    async run({ store: { sessions } }) {
      const record = await createdSession(sessions)
      const epochs = { owner: 0, global: 0 }
      await sessions.end(
        { owner: OWNER, except: record.id, raiseEpoch: true },
        { now: START, reason: 'password_changed' },
      )
      const kept = { ...record, version: 3 }
      assert.equal(await sessions.update(kept, 2, { epochs }), false)
      assert.equal(await sessions.update(kept, 2, { epochs: { owner: 1, global: 7 } }), false)
      assert.equal(await sessions.update(kept, 2, { epochs: { owner: 1, global: 0 } }), true)
    },
  },
  {
    name: 'sessions: the first use of a generation is recorded once, and an update can require that there was none',
    async run({ store: { sessions } }) {
      const record = await createdSession(sessions, { usedAt: null, generation: 3 })
      const { id, version } = record
      assert.equal(await sessions.markUsed(id, 2, START + 1), false)
      const next = { ...record, usedAt: null, generation: 4, version: version + 1 }
      assert.equal(await sessions.markUsed(id, 3, START + 2), true)
      assert.equal(await sessions.markUsed(id, 3, START + 3), true)
      const found = await sessions.find(id)
      assert.deepEqual([found?.usedAt, found?.version], [START + 2, version])
      assert.equal(await sessions.update(next, version, { unused: true }), false)
      assert.equal(await sessions.update(next, version), true)
      assert.equal((await sessions.find(id))?.usedAt, null)
      const again = { ...next, generation: 5, version: version + 2 }
      assert.equal(await sessions.update(again, version + 1, { unused: true }), true)
      await sessions.end({ id }, { now: START, reason: 'revoked' })
      assert.equal(await sessions.markUsed(id, 5, START + 4), false)
      assert.equal(await sessions.markUsed('missing', 0, START), false)
    },
  },
  {
    name: 'sessions: lastUsedAt never falls, by update or touch, and extends the idle time',
    async run({ store: { sessions } }) {
      const record = await createdSession(sessions)
      const { id } = record
      await sessions.touch([{ id, lastUsedAt: START + HOUR - 1 }])
      assert.equal((await sessions.find(id))?.lastUsedAt, START + HOUR - 1)
      assert.equal((await sessions.find(id))?.version, 1)
      await sessions.touch([{ id, lastUsedAt: START + 5 }])
      assert.equal(await sessions.update({ ...record, version: 2 }, 1), true)
      assert.equal((await sessions.find(id))?.lastUsedAt, START + HOUR - 1)
      assert.equal(await sessions.count({ now: START + 2 * HOUR - 2 }), 1)
      assert.equal(await sessions.count({ now: START + 2 * HOUR - 1 }), 0)
    },
  },
  {
    name: 'sessions: a touch restores neither an ended nor an expired session, and several are written at once',
    async run({ store: { sessions } }) {
      const [ended, late, fine] = [
        await createdSession(sessions),
        await createdSession(sessions),
        await createdSession(sessions, { idleMs: 2 * HOUR }),
      ]
      await sessions.end({ id: ended.id }, { now: START + 1, reason: 'logged_out' })
      await sessions.touch([
        { id: ended.id, lastUsedAt: START + 10 },
        { id: late.id, lastUsedAt: START + HOUR },
        { id: 'missing', lastUsedAt: START + 10 },
        { id: fine.id, lastUsedAt: START + HOUR },
      ])
      assert.equal((await sessions.find(ended.id))?.lastUsedAt, START)
      assert.equal((await sessions.find(late.id))?.lastUsedAt, START)
      assert.equal((await sessions.find(fine.id))?.lastUsedAt, START + HOUR)
      await sessions.raiseGlobalEpoch()
      await sessions.touch([{ id: fine.id, lastUsedAt: START + HOUR + 1 }])
      assert.equal((await sessions.find(fine.id))?.lastUsedAt, START + HOUR)
    },
  },
  {
    name: 'sessions: after simultaneous touches and ends every session is ended',
    async run({ store: { sessions } }) {
      const records = await Promise.all(Array.from({ length: 20 }, () => createdSession(sessions)))
      const ends = await Promise.all(
        records.flatMap(({ id }) => [
          sessions.end({ id }, { now: START + 2, reason: 'revoked' }),
          sessions.touch([{ id, lastUsedAt: START + 3 }]).then(() => []),
        ]),
      )
      assert.equal(ends.flat().length, 20)
      for (const { id } of records) {
        assert.equal((await sessions.find(id))?.endedAt, START + 2)
      }
      assert.equal(await sessions.count({ now: START + 3 }), 0)
    },
  },
  {
    name: 'sessions: each expires at the exact instant of the earliest of its three ends',
    async run({ store: { sessions } }) {
      const at = START + 1000
      const idle = await createdSession(sessions, { idleMs: 1000 })
      const token = await createdSession(sessions, { tokenExpiresAt: at, idleMs: null })
      const absolute = await createdSession(sessions, { endsAt: at, idleMs: null })
      for (const { id } of [idle, token, absolute]) {
        assert.ok(await sessions.find(id), 'an expired record is found until it is pruned')
      }
      assert.equal((await sessions.list({ now: at - 1, owner: OWNER, limit: 10 })).items.length, 3)
      assert.equal((await sessions.list({ now: at, owner: OWNER, limit: 10 })).items.length, 0)
      assert.equal((await sessions.list({ now: at, limit: 10 })).items.length, 0)
      assert.deepEqual(
        [await sessions.count({ now: at - 1 }), await sessions.count({ now: at })],
        [3, 0],
      )
    },
  },
  {
    name: 'sessions: prune removes only sessions that ended or expired before, with their data',
    async run({ store: { data, sessions } }) {
      const expired = await createdSession(sessions, { idleMs: 1000 })
      const ended = await createdSession(sessions)
      const endedLater = await createdSession(sessions)
      const live = await createdSession(sessions)
      for (const { id } of [expired, ended, endedLater, live]) {
        assert.equal(await data.save(id, `bag of ${id}`, 0), 1)
      }
      await sessions.end({ id: ended.id }, { now: START + 500, reason: 'logged_out' })
      await sessions.end({ id: endedLater.id }, { now: START + 2000, reason: 'logged_out' })
      assert.equal(await sessions.prune({ before: START + 500, limit: 10 }), 0)
      assert.equal(await sessions.prune({ before: START + 2000, limit: 10 }), 2)
      assert.equal(await sessions.prune({ before: START + 2000, limit: 10 }), 0)
      for (const { id } of [expired, ended]) {
        assert.equal(await sessions.find(id), null)
        assert.equal(await data.find(id), null)
      }
      assert.equal((await sessions.find(endedLater.id))?.endReason, 'logged_out')
      assert.equal((await data.find(live.id))?.value, `bag of ${live.id}`)
    },
  },
  {
    name: 'sessions: prune removes no more than its limit, and 0 means that none is left',
    async run({ store: { sessions } }) {
      const live = await createdSession(sessions)
      for (let index = 0; index < 25; index++) await createdSession(sessions, { endsAt: START + 1 })
      const removed = []
      for (let index = 0; index < 4; index++) {
        removed.push(await sessions.prune({ before: START + 2, limit: 10 }))
      }
      assert.equal(Math.max(...removed), 10)
      assert.equal(
        removed.reduce((sum, count) => sum + count),
        25,
      )
      assert.equal(await sessions.prune({ before: START + 2, limit: 10 }), 0)
      await createdSession(sessions, { endsAt: START + 1 })
      assert.equal(await sessions.prune({ before: START + 2, limit: 10 }), 1)
      assert.ok(await sessions.find(live.id))
    },
  },
  {
    name: 'data: has its own version, and of 20 simultaneous writes one succeeds',
    async run({ store: { data, sessions } }) {
      const { id } = await createdSession(sessions)
      assert.equal(await data.find(id), null)
      assert.equal(await data.save(id, '"first"', 0), 1)
      assert.equal(await data.save(id, 'again', 0), null)
      const wins = await Promise.all(
        Array.from({ length: 20 }, (_, index) => data.save(id, `"${index}\u0000é"`, 1)),
      )
      assert.deepEqual(
        wins.filter((version) => version !== null),
        [2],
      )
      const value = `"${wins.indexOf(2)}\u0000é"`
      assert.deepEqual(await data.find(id), { value, version: 2 })
      assert.equal((await sessions.find(id))?.version, 1)
    },
  },
  {
    name: 'data: cannot be saved for an ended or missing session, and existing data is kept',
    async run({ store: { data, sessions } }) {
      const { id } = await createdSession(sessions)
      await data.save(id, 'kept', 0)
      await sessions.end({ id }, { now: START + 1, reason: 'logged_out' })
      assert.equal(await data.save(id, 'late', 1), null)
      assert.equal((await data.find(id))?.value, 'kept')
      assert.equal(await data.save('missing', 'x', 0), null)
      assert.equal(await data.find('missing'), null)
      const locked = await createdSession(sessions)
      await sessions.raiseGlobalEpoch()
      assert.equal(await data.save(locked.id, 'late', 0), null)
    },
  },
]
