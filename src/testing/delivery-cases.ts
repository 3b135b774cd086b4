import assert from 'node:assert/strict'
import type { BusMessage } from '../core/ports/index.ts'
import {
  CONFIRMED,
  changed,
  kindsOf,
  LEASE,
  type LeaseBusCase,
  only,
  watch,
  withNodes,
} from './lease-bus-case.ts'
import { partition } from './lying-channel.ts'

const other: BusMessage = { kind: 'actor-changed', id: 'y' }

/** What a node makes of signals that are lost, repeated, late or unknown, and of silent nodes. */
export const deliveryCases: readonly LeaseBusCase[] = [
  {
    name: 'delivery: a lost message is noticed at the next heartbeat, before the publish resolves',
    run: withNodes(2, async ({ timers }, first, second) => {
      second.channel.lie(only('lose', { from: first, kind: 'message' }))
      const published = watch(first.bus.publish(changed, CONFIRMED))
      await timers.advance(LEASE / 4 - 1)
      assert.equal(published.state, 'pending')
      await timers.advance(1)
      assert.deepEqual(kindsOf(second), ['missed'])
      assert.equal(published.state, 'resolved')
    }),
  },
  {
    name: 'delivery: a lost message is noticed at the next message',
    run: withNodes(2, async ({ timers }, first, second) => {
      second.channel.lie(only('lose', { from: first }))
      await first.bus.publish(changed, { confirmed: false })
      await timers.advance(0)
      second.channel.heal()
      await first.bus.publish(other, CONFIRMED)
      assert.deepEqual(kindsOf(second), ['missed'])
    }),
  },
  {
    name: 'delivery: a repeated message is applied once',
    run: withNodes(2, async (_, first, second) => {
      second.channel.lie(only('repeat', {}))
      first.channel.lie(only('repeat', {}))
      await first.bus.publish(changed, CONFIRMED)
      await first.bus.publish(other, CONFIRMED)
      assert.deepEqual(second.received, [changed, other])
    }),
  },
  {
    name: 'delivery: reordered messages are a loss, and none is applied late',
    run: withNodes(2, async ({ timers }, first, second) => {
      second.channel.lie(only('hold', { from: first, kind: 'message' }))
      const published = [changed, other, changed].map((message) =>
        watch(first.bus.publish(message, CONFIRMED)),
      )
      await timers.advance(1)
      second.channel.release({ reversed: true })
      await timers.advance(0)
      assert.deepEqual(kindsOf(second), ['missed'])
      assert.deepEqual(
        published.map(({ state }) => state),
        ['resolved', 'resolved', 'resolved'],
      )
      await first.bus.publish(other, CONFIRMED)
      assert.deepEqual(second.received.at(-1), other)
    }),
  },
  {
    name: 'delivery: a late message within the lease is applied, and the publish waits for it',
    run: withNodes(2, async ({ timers }, first, second) => {
      second.channel.lie(only({ delayMs: 200 }, { from: first, kind: 'message' }))
      const published = watch(first.bus.publish(changed, CONFIRMED))
      await timers.advance(199)
      assert.equal(published.state, 'pending')
      await timers.advance(1)
      assert.deepEqual(second.received, [changed])
      assert.equal(published.state, 'resolved')
    }),
  },
  {
    name: 'delivery: a message of an unknown kind is a loss, and is confirmed',
    run: withNodes(2, async (_, first, second) => {
      for (const kind of ['of-a-later-release', 'constructor', 'missed']) {
        await first.bus.publish({ kind } as unknown as BusMessage, CONFIRMED)
      }
      assert.deepEqual(kindsOf(second), ['missed', 'missed', 'missed'])
    }),
  },
  {
    name: 'delivery: a signal of an unknown kind is a loss',
    run: withNodes(2, async ({ timers }, first, second) => {
      await first.channel.send({
        ...{ kind: 'of-a-later-release', from: 'another node', number: 1 },
      } as unknown as Parameters<typeof first.channel.send>[0])
      await timers.advance(1)
      assert.ok(kindsOf(second).includes('missed'))
    }),
  },
  {
    name: 'delivery: the first signal of a node that has sent messages before is a loss',
    run: withNodes(1, async ({ create, timers }, first) => {
      await first.bus.publish(changed, CONFIRMED)
      await timers.advance(0)
      const joined = create()
      await joined.bus.start()
      joined.received.length = 0
      joined.channel.lie(only('lose', { from: joined }))
      await timers.advance(LEASE / 4)
      assert.deepEqual(kindsOf(joined), ['missed'])
    }),
  },
  {
    name: 'silence: a node that is silent for a lease is a loss, at the instant the publisher gives up',
    run: withNodes(2, async ({ timers }, first, second) => {
      // Received between two ticks, so that a tick alone notices the silence too late.
      await timers.advance(LEASE / 8)
      await first.bus.publish(changed, CONFIRMED)
      second.channel.cutFrom([first.channel])
      await timers.advance(LEASE - 1)
      second.bus.isTrusted()
      assert.deepEqual(kindsOf(second), ['session-changed'])
      await timers.advance(1)
      second.bus.isTrusted()
      assert.deepEqual(kindsOf(second), ['session-changed', 'missed'])
    }),
  },
  {
    name: 'silence: a node that dies after a write without publishing is noticed within a lease and a tick',
    run: withNodes(3, async ({ timers }, dead, second, third) => {
      dead.channel.fail(() => true)
      dead.channel.lie(() => 'lose')
      await timers.advance(LEASE + LEASE / 4)
      for (const node of [second, third]) {
        assert.deepEqual(kindsOf(node), ['missed'])
        assert.equal(node.bus.isTrusted(), true)
      }
      await timers.advance(10 * LEASE)
      assert.deepEqual(kindsOf(second), ['missed'])
    }),
  },
  {
    name: 'silence: a node that says goodbye is no loss, unless a message of it is missing',
    run: withNodes(3, async ({ timers }, first, second, third) => {
      third.channel.lie(only('lose', { from: first, kind: 'message' }))
      await first.bus.publish(changed, { confirmed: false })
      await first.bus.close()
      await timers.advance(2 * LEASE)
      assert.deepEqual(second.received, [changed])
      assert.deepEqual(kindsOf(third), ['missed'])
    }),
  },
  {
    name: 'partition: when a publish resolves the separated node has dropped its entries, and again at the end',
    run: withNodes(3, async ({ timers }, first, second, third) => {
      const heal = partition([first.channel], [second.channel])
      const published = watch(first.bus.publish(changed, CONFIRMED))
      await timers.advance(LEASE - 1)
      assert.equal(published.state, 'pending')
      await timers.advance(1)
      assert.equal(published.state, 'resolved')
      second.bus.isTrusted()
      assert.deepEqual(kindsOf(second), ['missed'])
      assert.deepEqual(third.received, [changed])
      heal()
      await timers.advance(LEASE / 4)
      assert.deepEqual(kindsOf(second), ['missed', 'missed'])
      await first.bus.publish(other, CONFIRMED)
      assert.deepEqual(second.received.at(-1), other)
    }),
  },
  {
    name: 'partition: a node without any signal trusts nothing when the publish resolves',
    run: withNodes(2, async ({ timers }, first, second) => {
      second.channel.lie(() => 'lose')
      const published = watch(first.bus.publish(changed, CONFIRMED))
      await timers.advance(LEASE)
      assert.equal(published.state, 'resolved')
      assert.equal(second.bus.isTrusted(), false)
      second.channel.heal()
      await timers.advance(LEASE / 4)
      assert.equal(second.received.at(-1)?.kind, 'missed')
      assert.equal(second.bus.isTrusted(), true)
    }),
  },
]
