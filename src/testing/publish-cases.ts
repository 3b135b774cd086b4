import assert from 'node:assert/strict'
import type { BusMessage } from '../core/ports/index.ts'
import type { Signal } from '../stores/kit/channel.ts'
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

const unavailable = { code: 'unavailable' }
const other: BusMessage = { kind: 'actor-changed', id: 'y' }

/** What a publish guarantees when it resolves or rejects. */
export const publishCases: readonly LeaseBusCase[] = [
  {
    name: 'publish: resolves once every node has applied the message, and not before',
    run: withNodes(3, async ({ timers }, first, second, third) => {
      second.channel.lie(only('hold', { from: first }))
      const published = watch(first.bus.publish(changed, CONFIRMED))
      await timers.advance(1)
      assert.deepEqual([third.received, second.received], [[changed], []])
      assert.equal(published.state, 'pending')
      second.channel.release()
      await timers.advance(0)
      assert.deepEqual(second.received, [changed])
      assert.equal(published.state, 'resolved')
    }),
  },
  {
    name: 'publish: a node confirms a message after its listeners have applied it',
    run: withNodes(2, async (_, first, second) => {
      const confirmed = () => second.channel.sent.filter(({ kind }) => kind === 'confirmation')
      const before: number[] = []
      second.bus.subscribe(() => before.push(confirmed().length))
      await first.bus.publish(changed, CONFIRMED)
      assert.deepEqual(before, [0])
      assert.equal(confirmed().length, 1)
    }),
  },
  {
    name: 'publish: resolves with what the listeners of the other nodes returned',
    run: withNodes(3, async (_, first, second, third) => {
      for (const [index, node] of [second, third].entries()) {
        node.bus.subscribe(() => [`handled by ${index}`])
      }
      const event: BusMessage = { kind: 'event', actor: 'a', event: { name: 'x' } }
      const handled = await first.bus.publish(event, CONFIRMED)
      assert.deepEqual(handled.toSorted(), ['handled by 0', 'handled by 1'])
    }),
  },
  {
    name: 'publish: without confirmation it waits for no other node',
    run: withNodes(2, async ({ timers }, first, second) => {
      second.channel.lie(only('hold', { from: first }))
      const published = watch(first.bus.publish(changed, { confirmed: false }))
      await timers.advance(0)
      assert.equal(published.state, 'resolved')
      assert.deepEqual(second.received, [])
    }),
  },
  {
    name: 'publish: waits for a node that died exactly until its lease has run out',
    run: withNodes(2, async ({ timers }, first, second) => {
      second.channel.lie(() => 'lose')
      second.channel.fail(() => true)
      const published = watch(first.bus.publish(changed, CONFIRMED))
      await timers.advance(LEASE - 1)
      assert.equal(published.state, 'pending')
      await timers.advance(1)
      assert.equal(published.state, 'resolved')
      assert.equal(second.bus.isTrusted(), false)
    }),
  },
  {
    name: 'publish: waits for the longest lease of those that do not confirm',
    run: withNodes(1, async ({ create, timers }, first) => {
      const slow = create(3 * LEASE)
      await slow.bus.start()
      slow.channel.lie(() => 'lose')
      const published = watch(first.bus.publish(changed, CONFIRMED))
      await timers.advance(3 * LEASE - 1)
      assert.equal(published.state, 'pending')
      await timers.advance(1)
      assert.equal(published.state, 'resolved')
    }),
  },
  {
    name: 'publish: waits for a node that joined after the publish before',
    run: withNodes(2, async ({ create, timers }, first) => {
      await first.bus.publish(changed, CONFIRMED)
      const joined = create()
      await joined.bus.start()
      joined.channel.lie(() => 'hold')
      const published = watch(first.bus.publish(other, CONFIRMED))
      await timers.advance(LEASE / 2)
      assert.equal(published.state, 'pending')
      joined.channel.release()
      await timers.advance(0)
      assert.equal(published.state, 'resolved')
      // It has not received the message before, so it takes the gap as a loss.
      assert.ok(kindsOf(joined).includes('missed'))
    }),
  },
  {
    name: 'publish: a node that joins while a publish waits is not waited for, and drops its entries',
    run: withNodes(2, async ({ create, timers }, first, second) => {
      second.channel.lie(only('hold', { from: first }))
      const published = watch(first.bus.publish(changed, CONFIRMED))
      await timers.advance(0)
      const joined = create()
      await joined.bus.start()
      joined.channel.lie(only('lose', { from: first, kind: 'message' }))
      await timers.advance(LEASE / 4)
      assert.ok(kindsOf(joined).filter((kind) => kind === 'missed').length > 0)
      second.channel.release()
      await timers.advance(0)
      assert.equal(published.state, 'resolved')
    }),
  },
  {
    name: 'publish: the confirmation of one node does not count for another of the same settings',
    run: withNodes(3, async ({ timers }, first, second, third) => {
      third.channel.lie(() => 'hold')
      const published = watch(first.bus.publish(changed, CONFIRMED))
      await timers.advance(LEASE / 2)
      assert.deepEqual(second.received, [changed])
      assert.equal(published.state, 'pending')
      third.channel.release()
      await timers.advance(0)
      assert.equal(published.state, 'resolved')
    }),
  },
  {
    name: 'publish: does not wait for a node that left',
    run: withNodes(2, async ({ timers }, first, second) => {
      second.channel.lie(only('lose', { kind: 'message' }))
      const published = watch(first.bus.publish(changed, CONFIRMED))
      second.channel.fail((_, signal) => signal?.kind === 'confirmation')
      await timers.advance(0)
      assert.equal(published.state, 'pending')
      await second.bus.close()
      await timers.advance(0)
      assert.equal(published.state, 'resolved')
      assert.deepEqual(first.received, [])
    }),
  },
  {
    name: 'publish: a message that could not be sent is never acknowledged',
    run: withNodes(2, async ({ timers }, first, second) => {
      first.channel.fail((call) => call === 'send')
      await assert.rejects(first.bus.publish(changed, CONFIRMED), unavailable)
      await assert.rejects(first.bus.publish(other, { confirmed: false }), unavailable)
      const heartbeats = () => first.channel.sent.filter(({ kind }) => kind === 'heartbeat').length
      const before = heartbeats()
      await timers.advance(LEASE)
      assert.equal(heartbeats(), before)
      assert.equal(first.bus.isTrusted(), false)
      assert.deepEqual(kindsOf(second), ['missed'])
    }),
  },
  ...(['send', 'members'] as const).map(
    (failing): LeaseBusCase => ({
      name: `publish: after a failed ${failing} the others drop their entries at the next signal, and heartbeats resume`,
      run: withNodes(2, async ({ timers }, first, second) => {
        let fails = true
        first.channel.fail((call, signal) => {
          if (!fails || call !== failing || signal?.kind === 'heartbeat') return false
          return true
        })
        await assert.rejects(first.bus.publish(changed, CONFIRMED), unavailable)
        fails = false
        await timers.advance(LEASE / 4)
        assert.deepEqual(kindsOf(second), ['missed'])
        await timers.advance(2 * LEASE)
        assert.equal(first.bus.isTrusted(), true)
        assert.deepEqual(kindsOf(second), ['missed'])
        await first.bus.publish(other, CONFIRMED)
        assert.deepEqual(second.received.at(-1), other)
      }),
    }),
  ),
  {
    name: 'publish: after a failed read of the members even the next message announces the loss',
    run: withNodes(2, async (_, first, second) => {
      first.channel.fail((call) => call === 'members')
      await assert.rejects(first.bus.publish(changed, CONFIRMED), unavailable)
      first.channel.heal()
      await first.bus.publish(other, CONFIRMED)
      assert.deepEqual(kindsOf(second), ['missed'])
    }),
  },
  {
    name: 'publish: rejects if its node is closed before the others have confirmed',
    run: withNodes(2, async ({ timers }, first, second) => {
      second.channel.lie(only('hold', { from: first }))
      const published = watch(first.bus.publish(changed, CONFIRMED))
      await timers.advance(0)
      await first.bus.close()
      await timers.advance(0)
      assert.equal(published.state, 'unavailable')
      await assert.rejects(first.bus.publish(changed, CONFIRMED), unavailable)
    }),
  },
  {
    name: 'publish: 200 simultaneous messages are all applied, in order',
    run: withNodes(2, async (_, first, second) => {
      const messages = Array.from(
        { length: 200 },
        (__, index): BusMessage => ({ kind: 'session-changed', id: String(index) }),
      )
      await Promise.all(messages.map((message) => first.bus.publish(message, CONFIRMED)))
      assert.deepEqual(second.received, messages)
    }),
  },
  {
    name: 'publish: a confirmation covers every message before it',
    run: withNodes(2, async ({ timers }, first, second) => {
      second.channel.fail((_, signal) => signal?.kind === 'confirmation' && isNumber(signal, 1))
      const published = [changed, other].map((m) => watch(first.bus.publish(m, CONFIRMED)))
      await timers.advance(0)
      assert.deepEqual(
        published.map(({ state }) => state),
        ['resolved', 'resolved'],
      )
    }),
  },
]

function isNumber(signal: Signal, number: number): boolean {
  return 'number' in signal && signal.number === number
}
