import assert from 'node:assert/strict'
import { UNPRESENTED_MS } from '../core/session/lifetimes.ts'
import type { SessionRecord } from '../core/session/record.ts'
import { conditions, createdSession, START, sessionRecord } from './records.ts'
import type { StoreCase } from './store-case.ts'

/** Returns an anonymous session of an owner of its own. */
function visitor(address: string | null, overrides: Partial<SessionRecord> = {}): SessionRecord {
  const record = sessionRecord({ anonymous: true, profile: 'anonymous', ...overrides })
  const client = { ...record.client, address }
  return { ...record, owner: `anonymous-${record.id}`, client }
}

const ids = (records: readonly { readonly id: string }[]) => records.map(({ id }) => id)

/** Anonymous sessions: their short first life, and their limits. */
export const anonymousCases: readonly StoreCase[] = [
  {
    name: 'anonymous: a session that was not used again lives for 5 minutes, a used one for its idle time',
    async run({ store: { sessions } }) {
      const [used, unused] = [visitor('192.0.2.1'), visitor('192.0.2.1')]
      await sessions.create(used, conditions())
      await sessions.create(unused, conditions())
      await sessions.touch([{ id: used.id, lastUsedAt: START + 1000 }])
      const live = (now: number) => sessions.count({ now, anonymous: true })
      assert.equal(await live(START + UNPRESENTED_MS - 1), 2)
      assert.equal(await live(START + UNPRESENTED_MS), 1)
      const { items } = await sessions.list({ now: START + UNPRESENTED_MS, limit: 10 })
      assert.deepEqual(ids(items), [used.id])
      await sessions.touch([{ id: unused.id, lastUsedAt: START + UNPRESENTED_MS }])
      assert.equal(await live(START + UNPRESENTED_MS), 1, 'an expired session is not used again')
    },
  },
  {
    name: 'anonymous: over the limit of an address the least recently used sessions of its prefix are evicted',
    async run({ store: { sessions } }) {
      const create = async (record: SessionRecord) => {
        const outcome = await sessions.create(
          record,
          conditions({ now: record.createdAt, perAddress: 2 }),
        )
        return outcome.ok ? outcome.ended.map(({ id, reason }) => [id, reason]) : outcome.refused
      }
      const first = visitor('2001:db8::1')
      const second = visitor('2001:db8::2', { createdAt: START + 1 })
      const others = [
        visitor('2001:db8:0:1::1'),
        visitor('192.0.2.1'),
        visitor(null),
        visitor(null),
      ]
      const user = await createdSession(sessions)
      for (const record of [first, second, ...others, visitor(null)]) {
        assert.deepEqual(await create(record), [])
      }
      await sessions.touch([{ id: first.id, lastUsedAt: START + 10 }])
      const third = visitor('2001:db8::3', { createdAt: START + 20 })
      assert.deepEqual(await create(third), [[second.id, 'evicted']])
      const fourth = visitor('2001:db8::4', { createdAt: START + 21 })
      assert.deepEqual(await create(fourth), [[first.id, 'evicted']])
      assert.equal((await sessions.find(first.id))?.endReason, 'evicted')
      await sessions.end({ id: third.id }, { now: START + 22, reason: 'logged_out' })
      assert.deepEqual(await create(visitor('2001:db8::5', { createdAt: START + 23 })), [])
      assert.equal((await sessions.find(user.id))?.endedAt, null)
    },
  },
  {
    name: 'anonymous: a put that creates a session evicts by address, one that changes it does not',
    async run({ store: { sessions, data } }) {
      const put = (record: SessionRecord) =>
        data.put({ mode: 'upsert', record, value: '{}', now: START, perAddress: 1 })
      const [first, second] = [visitor('192.0.2.1'), visitor('192.0.2.1')]
      await put(first)
      const again = await put(first)
      assert.deepEqual(again.ok && again.ended, [])
      const created = await put(second)
      assert.deepEqual(created.ok && created.ended, [
        { id: first.id, owner: first.owner, reason: 'evicted' },
      ])
      assert.equal((await sessions.find(first.id))?.endReason, 'evicted')
    },
  },
  {
    name: 'anonymous: the least recently used anonymous sessions are ended, no session of a user',
    async run({ store: { sessions } }) {
      const user = await createdSession(sessions, { createdAt: START - 1 })
      const records = [0, 1, 2, 3].map((at) =>
        visitor(at === 2 ? null : `192.0.2.${at}`, { createdAt: START + at }),
      )
      for (const record of records) await sessions.create(record, conditions())
      const [first, second, third, fourth] = ids(records)
      await sessions.touch([{ id: String(first), lastUsedAt: START + 10 }])
      const ending = { now: START + 11, reason: 'evicted' } as const
      const ended = await sessions.end({ anonymous: true, limit: 2 }, ending)
      assert.deepEqual(ids(ended), [second, third])
      assert.deepEqual(ids(await sessions.end({ anonymous: true, limit: 9 }, ending)), [
        fourth,
        first,
      ])
      assert.deepEqual(await sessions.end({ anonymous: true, limit: 9 }, ending), [])
      assert.equal((await sessions.find(user.id))?.endedAt, null)
    },
  },
]
