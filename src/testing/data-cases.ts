import assert from 'node:assert/strict'
import type { DataPut } from '../core/ports/index.ts'
import { auditEntry, createdSession, START, sessionRecord } from './records.ts'
import type { StoreCase } from './store-case.ts'

const put = (overrides: Partial<DataPut> = {}): DataPut => ({
  mode: 'upsert',
  record: sessionRecord(),
  value: '"one"',
  now: START,
  ...overrides,
})

/** The data of sessions. */
export const dataCases: readonly StoreCase[] = [
  {
    name: 'data: a put creates a session and its data in one step, or changes both',
    async run({ store: { data, sessions, audit } }) {
      const first = put()
      const options = { audit: auditEntry() }
      const created = { ok: true, created: true, version: 1, endsEarlier: false, ended: [] }
      assert.deepEqual(await data.put(first, options), created)
      assert.deepEqual(await sessions.find(first.record.id), first.record)
      assert.deepEqual(await data.find(first.record.id), { value: '"one"', version: 1 })
      const used = { ...first.record, lastUsedAt: START + 5 }
      const changed = { ok: true, created: false, version: 2, endsEarlier: false, ended: [] }
      assert.deepEqual(await data.put(put({ record: used, value: '"two"' })), changed)
      const found = await sessions.find(first.record.id)
      assert.deepEqual([found?.lastUsedAt, found?.version], [START + 5, 1])
      assert.equal((await audit.list({ limit: 10 })).items.length, 1)
    },
  },
  {
    name: 'data: a put respects its mode, and never restores an ended session',
    async run({ store: { data, sessions } }) {
      const record = sessionRecord()
      const ended = { ok: false, refused: 'ended' }
      assert.deepEqual(await data.put(put({ mode: 'update', record })), ended)
      assert.equal((await data.put(put({ mode: 'create', record }))).ok, true)
      const exists = { ok: false, refused: 'exists' }
      assert.deepEqual(await data.put(put({ mode: 'create', record })), exists)
      await sessions.end({ id: record.id }, { now: START, reason: 'logged_out' })
      for (const mode of ['update', 'upsert'] as const) {
        assert.deepEqual(await data.put(put({ mode, record, value: '"late"' })), ended)
      }
      assert.deepEqual(await data.put(put({ mode: 'create', record })), exists)
      assert.equal((await data.find(record.id))?.value, '"one"')
    },
  },
  {
    name: 'data: a put with an outdated version is refused, and an expired session is not extended',
    async run({ store: { data } }) {
      const record = sessionRecord()
      const refused = { ok: false, refused: 'version' }
      assert.deepEqual(await data.put(put({ record, expectedVersion: 1 })), refused)
      assert.equal((await data.put(put({ record, expectedVersion: 0 }))).ok, true)
      assert.deepEqual(await data.put(put({ record, expectedVersion: 0 })), refused)
      assert.equal((await data.put(put({ record, expectedVersion: 1 }))).ok, true)
      const late = put({ record: { ...record, endsAt: record.endsAt * 2 }, now: record.endsAt })
      assert.deepEqual(await data.put(late), { ok: false, refused: 'ended' })
    },
  },
  {
    name: 'data: of 50 simultaneous first puts of one session one creates it, and all are written',
    async run({ store: { data, sessions } }) {
      const record = sessionRecord()
      const puts = await Promise.all(
        Array.from({ length: 50 }, (_, index) => data.put(put({ record, value: `${index}` }))),
      )
      assert.equal(puts.filter((outcome) => outcome.ok && outcome.created).length, 1)
      assert.equal((await data.find(record.id))?.version, 50)
      assert.equal(await sessions.count({ now: START }), 1)
    },
  },
  {
    name: 'data: a put moves the end both ways, raises the session’s version then, and reports an earlier end',
    async run({ store: { data, sessions } }) {
      const record = sessionRecord({ idleMs: null })
      await data.put(put({ record }))
      const later = { ...record, endsAt: record.endsAt + 1000 }
      const first = await data.put(put({ record: later }))
      assert.deepEqual(first, {
        ok: true,
        created: false,
        version: 2,
        endsEarlier: false,
        ended: [],
      })
      const earlier = { ...record, endsAt: START + 10 }
      const second = await data.put(put({ record: earlier }))
      assert.deepEqual(second, {
        ok: true,
        created: false,
        version: 3,
        endsEarlier: true,
        ended: [],
      })
      const found = await sessions.find(record.id)
      assert.deepEqual([found?.endsAt, found?.version], [START + 10, 3])
      assert.equal(await sessions.count({ now: START + 10 }), 0)
    },
  },
  {
    name: 'data: a put under an older epoch creates nothing',
    async run({ store: { data, sessions } }) {
      const record = sessionRecord()
      await sessions.end(
        { owner: record.owner, raiseEpoch: true },
        { now: START, reason: 'password_changed' },
      )
      assert.deepEqual(await data.put(put({ record })), { ok: false, refused: 'epoch' })
      assert.equal(await sessions.find(record.id), null)
      assert.equal(await data.find(record.id), null)
    },
  },
  {
    name: 'data: is moved to the session that replaces its session, and is removed with its record',
    async run({ store: { data, sessions } }) {
      const old = await createdSession(sessions)
      await data.save(old.id, '{"cart":1}')
      const next = sessionRecord()
      const replaces = { id: old.id, reason: 'upgraded', moveData: true } as const
      assert.equal((await sessions.create(next, { now: START, replaces })).ok, true)
      assert.equal((await data.find(next.id))?.value, '{"cart":1}')
      assert.equal(await data.find(old.id), null)
      await sessions.end({ id: next.id }, { now: START, reason: 'revoked' })
      while ((await sessions.prune({ before: START + 1, limit: 10 })) > 0);
      assert.equal(await data.find(next.id), null)
    },
  },
  {
    name: 'data: is listed with its sessions, by owner and group, in pages',
    async run({ store: { data } }) {
      const records = Array.from({ length: 5 }, (_, index) =>
        sessionRecord({ owner: index === 0 ? 'another' : 'one', group: index > 2 ? 'b' : null }),
      )
      for (const [index, record] of records.entries()) {
        await data.put(put({ record, value: `${index}` }))
      }
      const valuesOf = async (query: object) =>
        (await data.list({ now: START, limit: 10, ...query })).items.map((item) => item.data?.value)
      assert.deepEqual(await valuesOf({}), ['4', '3', '2', '1', '0'])
      assert.deepEqual(await valuesOf({ owner: 'another' }), ['0'])
      assert.deepEqual(await valuesOf({ group: 'b' }), ['4', '3'])
      const first = await data.list({ now: START, limit: 3 })
      const rest = await data.list({ now: START, limit: 3, after: first.next ?? '' })
      assert.deepEqual([first.items.length, rest.items.length, rest.next], [3, 2, undefined])
    },
  },
]
