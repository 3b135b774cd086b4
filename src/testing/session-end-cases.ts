import assert from 'node:assert/strict'
import type { SessionStore } from '../core/ports/index.ts'
import { auditEntry, createdSession, START, sessionRecord } from './records.ts'
import type { StoreCase } from './store-case.ts'

const OWNER = sessionRecord().owner
const REVOKED = { now: START + 1, reason: 'revoked' } as const

async function idsOf(sessions: SessionStore, query: Partial<Parameters<SessionStore['list']>[0]>) {
  const { items } = await sessions.list({ now: START, limit: 100, ...query })
  return items.map(({ id }) => id)
}

/** Ends of sessions, lock-all, and lists. */
export const sessionEndCases: readonly StoreCase[] = [
  {
    name: 'end: one session, once, with its version raised and its reason kept',
    async run({ store: { sessions, audit } }) {
      const record = await createdSession(sessions)
      const options = { audit: auditEntry({ act: 'session_ended' }) }
      const ended = [{ id: record.id, owner: OWNER, reason: 'revoked' }]
      assert.deepEqual(
        await sessions.end({ id: record.id, owner: 'another' }, REVOKED, options),
        [],
      )
      assert.deepEqual(await sessions.end({ id: record.id, owner: OWNER }, REVOKED, options), ended)
      const again = { now: START + 2, reason: 'logged_out' } as const
      assert.deepEqual(await sessions.end({ id: record.id }, again, options), [])
      assert.deepEqual(await sessions.end({ id: 'missing' }, again, options), [])
      assert.deepEqual(await sessions.find(record.id), {
        ...record,
        version: 2,
        endedAt: START + 1,
        endReason: 'revoked',
      })
      assert.equal((await audit.list({ limit: 10 })).items.length, 1)
    },
  },
  {
    name: 'end: of 20 simultaneous calls exactly one ends the session',
    async run({ store: { sessions } }) {
      const { id } = await createdSession(sessions)
      const ends = await Promise.all(
        Array.from({ length: 20 }, () => sessions.end({ id }, REVOKED)),
      )
      assert.equal(ends.flat().length, 1)
    },
  },
  {
    name: 'end: marks an expired session too, so that a clock that steps back does not restore it',
    async run({ store: { sessions } }) {
      for (const over of [
        { endsAt: START + 1000 },
        { tokenExpiresAt: START + 1000 },
        { idleMs: 1000 },
      ]) {
        const { id, owner } = await createdSession(sessions, over)
        assert.deepEqual(await sessions.end({ id }, { ...REVOKED, now: START + 1000 }), [])
        assert.equal((await sessions.find(id))?.endReason, 'revoked')
        await sessions.touch([{ id, lastUsedAt: START + 999 }])
        assert.equal(await sessions.count({ now: START + 999, owner }), 0)
        assert.deepEqual(await sessions.end({ id }, { ...REVOKED, now: START + 999 }), [])
      }
    },
  },
  {
    name: 'end: by owner and by target marks idle sessions too, and returns only live ones',
    async run({ store: { sessions } }) {
      const at = { ...REVOKED, now: START + 1000 }
      const idle = { idleMs: 1000 }
      const byTarget = await createdSession(sessions, { ...idle, actsAs: 'target' })
      const byOwner = await createdSession(sessions, { ...idle, owner: 'another' })
      const live = await createdSession(sessions, { owner: 'another' })
      assert.deepEqual(await sessions.end({ actsAs: 'target' }, at), [])
      const ended = await sessions.end({ owner: 'another' }, at)
      assert.deepEqual(
        ended.map(({ id }) => id),
        [live.id],
      )
      for (const { id } of [byTarget, byOwner, live]) {
        assert.equal((await sessions.find(id))?.endReason, 'revoked')
      }
    },
  },
  {
    name: 'end: a raised epoch ends every other session, and the kept one gets the new number',
    async run({ store: { sessions } }) {
      const kept = await createdSession(sessions)
      const gone = await createdSession(sessions)
      const selector = { owner: OWNER, except: kept.id, raiseEpoch: 5 }
      await sessions.end(selector, REVOKED)
      assert.deepEqual(await sessions.findEpochs(OWNER), { owner: 5, global: 0 })
      const found = await sessions.find(kept.id)
      assert.deepEqual([found?.ownerEpoch, found?.version], [5, kept.version + 1])
      assert.deepEqual(await idsOf(sessions, { owner: OWNER }), [kept.id])
      await sessions.end({ ...selector, raiseEpoch: 3 }, REVOKED)
      assert.equal((await sessions.findEpochs(OWNER)).owner, 5)
      const loaded = await sessions.load(gone.id)
      assert.deepEqual(loaded?.epochs, { owner: 5, global: 0 })
      assert.equal(await sessions.update({ ...gone, version: 9 }, gone.version + 1), false)
    },
  },
  {
    name: 'end: by profile, door or group in steps, and no other session',
    async run({ store: { sessions } }) {
      for (let index = 0; index < 510; index++) {
        await createdSession(sessions, { owner: `o${index}`, group: 'shop' })
      }
      const other = await createdSession(sessions, { door: 'grpc' })
      assert.equal(await sessions.count({ now: START, group: 'shop' }), 510)
      const which = { matching: true, group: 'shop' } as const
      assert.equal((await sessions.end(which, REVOKED)).length, 500)
      assert.equal((await sessions.end(which, REVOKED)).length, 10)
      assert.equal((await sessions.end(which, REVOKED)).length, 0)
      assert.deepEqual(await idsOf(sessions, {}), [other.id])
      assert.equal((await sessions.end({ matching: true, door: 'grpc' }, REVOKED)).length, 1)
    },
  },
  {
    name: 'end: all sessions of an owner except one, and the epoch rises only if requested',
    async run({ store: { sessions, audit } }) {
      const kept = await createdSession(sessions)
      const first = await createdSession(sessions)
      const second = await createdSession(sessions, { profile: 'device' })
      const other = await createdSession(sessions, { owner: 'another' })
      const ended = await sessions.end({ owner: OWNER, except: kept.id }, REVOKED)
      assert.deepEqual(ended.map(({ id }) => id).toSorted(), [first.id, second.id].toSorted())
      assert.deepEqual(await idsOf(sessions, {}), [other.id, kept.id])
      assert.equal((await sessions.findEpochs(OWNER)).owner, 0)
      const options = { audit: auditEntry({ act: 'sessions_ended' }) }
      const none = await sessions.end({ owner: OWNER, except: kept.id }, REVOKED, options)
      assert.deepEqual(none, [])
      assert.equal((await audit.list({ limit: 10 })).items.length, 0)
      const selector = { owner: OWNER, keepAll: true, raiseEpoch: true }
      assert.deepEqual(await sessions.end(selector, REVOKED, options), [])
      assert.equal((await sessions.findEpochs(OWNER)).owner, 1)
      assert.deepEqual(await idsOf(sessions, { owner: OWNER }), [kept.id])
      assert.equal((await audit.list({ limit: 10 })).items.length, 1)
    },
  },
  {
    name: 'end: a session ends with its impersonations, and no others',
    async run({ store: { sessions } }) {
      const parent = await createdSession(sessions)
      const impersonation = { profile: 'impersonation', actsAs: 'target', parent: parent.id }
      const child = await createdSession(sessions, impersonation)
      const over = await createdSession(sessions, { ...impersonation, endsAt: START - 1 })
      const unrelated = await createdSession(sessions, { actsAs: 'target' })
      assert.deepEqual(await sessions.end({ id: parent.id }, REVOKED), [
        { id: parent.id, owner: OWNER, reason: 'revoked' },
        { id: child.id, owner: OWNER, reason: 'parent_ended' },
      ])
      const found = await sessions.find(child.id)
      assert.deepEqual([found?.endReason, found?.version], ['parent_ended', 2])
      assert.equal((await sessions.find(over.id))?.endReason, 'parent_ended')
      assert.deepEqual(await idsOf(sessions, { now: START + 1 }), [unrelated.id])
    },
  },
  {
    name: 'end: all impersonations of an actor',
    async run({ store: { sessions } }) {
      const parent = await createdSession(sessions)
      const first = await createdSession(sessions, { actsAs: 'target', parent: parent.id })
      const second = await createdSession(sessions, { actsAs: 'target', owner: 'another' })
      await createdSession(sessions, { actsAs: 'someone' })
      await createdSession(sessions, { owner: 'target' })
      const ended = await sessions.end({ actsAs: 'target' }, REVOKED)
      assert.deepEqual(ended.map(({ id }) => id).toSorted(), [first.id, second.id].toSorted())
      assert.equal(await sessions.count({ now: START + 1 }), 3)
    },
  },
  {
    name: 'lock-all: one number ends every session, and later sessions are live',
    async run({ store: { sessions, audit } }) {
      const old = await createdSession(sessions)
      const raised = await sessions.raiseGlobalEpoch({ audit: auditEntry({ act: 'all_locked' }) })
      assert.equal(raised, 1)
      assert.equal(await sessions.count({ now: START }), 0)
      assert.deepEqual(await idsOf(sessions, {}), [])
      assert.deepEqual(await idsOf(sessions, { owner: OWNER }), [])
      assert.equal((await sessions.load(old.id))?.epochs.global, 1)
      const fresh = await createdSession(sessions, { globalEpoch: 1 })
      assert.deepEqual(await idsOf(sessions, {}), [fresh.id])
      assert.equal(await sessions.raiseGlobalEpoch(), 2)
      assert.equal((await audit.list({ limit: 10 })).items[0]?.act, 'all_locked')
    },
  },
  {
    name: 'lock-all: each of 20 simultaneous calls raises the epoch by one',
    async run({ store: { sessions } }) {
      const raised = await Promise.all(
        Array.from({ length: 20 }, () => sessions.raiseGlobalEpoch()),
      )
      assert.deepEqual(
        raised.toSorted((a, b) => a - b),
        Array.from({ length: 20 }, (_, index) => index + 1),
      )
    },
  },
  {
    name: 'list: is newest first, filtered, in complete pages',
    async run({ store: { sessions } }) {
      const made: string[] = []
      for (let index = 0; index < 7; index++) {
        const overrides = {
          profile: index % 2 ? 'web' : 'device',
          door: index < 3 ? 'mage' : 'http',
        }
        const { id } = await createdSession(sessions, { createdAt: START + index, ...overrides })
        made.unshift(id)
      }
      const now = START + 10
      for (const owner of [{}, { owner: OWNER }]) {
        assert.deepEqual(await idsOf(sessions, { now, ...owner }), made)
        assert.deepEqual(
          await idsOf(sessions, { now, profile: 'web', ...owner }),
          made.filter((_, index) => index % 2),
        )
        assert.deepEqual(await idsOf(sessions, { now, door: 'mage', ...owner }), made.slice(4))
        const seen: string[] = []
        let after: string | undefined
        do {
          const page = await sessions.list({ now, limit: 3, ...owner, ...(after ? { after } : {}) })
          assert.ok(page.items.length <= 3)
          seen.push(...page.items.map(({ id }) => id))
          after = page.next
        } while (after !== undefined)
        assert.deepEqual(seen, made)
      }
      assert.deepEqual(await sessions.list({ now, owner: 'missing', limit: 3 }), { items: [] })
      assert.equal((await sessions.list({ now, limit: 7 })).next, undefined)
    },
  },
  {
    name: 'list: an invalid cursor or limit is refused',
    async run({ store: { sessions, audit, directory } }) {
      const strange = [
        '',
        'x',
        '0',
        "' OR 1=1",
        '-1',
        'c2Vzc2lvbnM6LTE',
        '9'.repeat(500),
        'é',
        '\u0000',
      ]
      const refused = { code: 'invalid_request' }
      for (const after of strange) {
        await assert.rejects(sessions.list({ now: START, limit: 5, after }), refused)
        await assert.rejects(sessions.list({ now: START, owner: OWNER, limit: 5, after }), refused)
        await assert.rejects(audit.list({ limit: 5, after }), refused)
        await assert.rejects(directory.search({ limit: 5, after }), refused)
      }
      for (const limit of [0, -1, 1.5, 1001, Number.NaN]) {
        await assert.rejects(sessions.list({ now: START, limit }), refused)
      }
      await createdSession(sessions)
      await createdSession(sessions)
      const { next } = await sessions.list({ now: START, limit: 1 })
      assert.ok(next)
      await assert.rejects(audit.list({ limit: 5, after: next }), refused)
    },
  },
  {
    name: 'list: lists and counts by owner, profile, door and group, and by several of them',
    async run({ store: { sessions } }) {
      const kinds = Array.from({ length: 16 }, (_, index) => ({
        owner: index & 1 ? 'one' : 'two',
        profile: index & 2 ? 'web' : 'device',
        door: index & 4 ? 'http' : 'mage',
        group: index & 8 ? 'shop' : null,
      }))
      for (const kind of kinds) await createdSession(sessions, kind)
      const now = START
      for (let mask = 0; mask < 16; mask++) {
        const query = {
          ...(mask & 1 ? { owner: 'one' } : {}),
          ...(mask & 2 ? { profile: 'web' } : {}),
          ...(mask & 4 ? { door: 'http' } : {}),
          ...(mask & 8 ? { group: 'shop' } : {}),
        }
        const expected = kinds.filter((_, index) => (index & mask) === mask)
        const { items } = await sessions.list({ now, limit: 100, ...query })
        const listed = items.map(({ owner, profile, door, group }) => ({
          ...{ owner, profile, door, group },
        }))
        assert.deepEqual(listed, expected.toReversed())
        assert.equal(await sessions.count({ now, ...query }), expected.length)
      }
      assert.equal(await sessions.count({ now, group: 'missing' }), 0)
    },
  },
]
