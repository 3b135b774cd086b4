import assert from 'node:assert/strict'
import type { BusMessage } from '../core/ports/index.ts'
import { conditions, createdSession, START, sessionRecord } from './records.ts'
import type { StoreCase, StoreSubject } from './store-case.ts'

async function secondNode(subject: StoreSubject) {
  assert.ok(subject.secondNode, 'this case needs a second node')
  return subject.secondNode()
}

const CONFIRMED = { confirmed: true }

/** Messages between nodes, and rules common to all ports. */
export const busCases: readonly StoreCase[] = [
  {
    name: 'bus: a node does not receive its own messages, and may trust its cache',
    async run({ store: { bus } }) {
      const received: BusMessage[] = []
      const stop = bus.subscribe((message) => received.push(message))
      await bus.publish({ kind: 'settings-changed' }, CONFIRMED)
      stop()
      // The bus itself may notify `missed`, for example when its node joins.
      assert.deepEqual(
        received.filter(({ kind }) => kind !== 'missed'),
        [],
      )
      assert.equal(bus.isTrusted(), true)
    },
  },
  {
    name: 'bus: another node has received the messages when publish resolves, in order, until it unsubscribes',
    needs: 'secondNode',
    async run(subject) {
      const { bus } = subject.store
      const other = await secondNode(subject)
      const received: BusMessage[] = []
      const stop = other.bus.subscribe((message) => received.push(message))
      const ended = [{ id: 'x', owner: 'y', reason: 'revoked' as const }]
      await bus.publish({ kind: 'sessions-ended', ended }, CONFIRMED)
      assert.deepEqual(received, [{ kind: 'sessions-ended', ended }])
      await Promise.all([
        bus.publish({ kind: 'session-changed', id: '1' }, CONFIRMED),
        bus.publish({ kind: 'actor-changed', id: '2' }, CONFIRMED),
      ])
      assert.deepEqual(received.slice(1), [
        { kind: 'session-changed', id: '1' },
        { kind: 'actor-changed', id: '2' },
      ])
      stop()
      await bus.publish({ kind: 'global-epoch-raised', epoch: 1 }, CONFIRMED)
      assert.equal(received.length, 3)
      await other.close()
      await bus.publish({ kind: 'global-epoch-raised', epoch: 2 }, CONFIRMED)
    },
  },
  {
    name: 'nodes: all read the same data, and a limit is exact across them',
    needs: 'secondNode',
    async run(subject) {
      const { store } = subject
      const other = await secondNode(subject)
      const record = await createdSession(store.sessions, { owner: 'one' })
      assert.deepEqual(await other.sessions.find(record.id), record)
      await other.sessions.end({ id: record.id }, { now: START, reason: 'revoked' })
      assert.equal((await store.sessions.find(record.id))?.endReason, 'revoked')
      const limit = { max: 3, policy: 'refuse' } as const
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 ? store : other).sessions.create(sessionRecord(), conditions({ limit })),
        ),
      )
      assert.equal(outcomes.filter(({ ok }) => ok).length, 3)
      await other.close()
      assert.equal(await store.sessions.count({ now: START }), 3)
    },
  },
  {
    name: 'store: after close every port rejects, and closing again succeeds',
    async run({ store }) {
      await store.close()
      await store.close()
      const unavailable = { code: 'unavailable' }
      const now = START
      await assert.rejects(store.sessions.find('x'), unavailable)
      await assert.rejects(store.sessions.create(sessionRecord(), conditions()), unavailable)
      await assert.rejects(store.sessions.count({ now }), unavailable)
      await assert.rejects(store.sessions.list({ now, limit: 1 }), unavailable)
      await assert.rejects(store.directory.find('x'), unavailable)
      await assert.rejects(store.directory.search({ limit: 1 }), unavailable)
      await assert.rejects(store.counters.remove(['x']), unavailable)
      await assert.rejects(store.documents.find('x', now), unavailable)
      await assert.rejects(store.audit.list({ limit: 1 }), unavailable)
      await assert.rejects(store.data.find('x'), unavailable)
      await assert.rejects(store.mailboxes.take('x', { now }), unavailable)
    },
  },
]
