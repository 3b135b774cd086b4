import assert from 'node:assert/strict'
import { kindsOf, LEASE, type LeaseBusCase, only, withNodes } from './lease-bus-case.ts'

/** When a node may trust its cache. */
export const leaseCases: readonly LeaseBusCase[] = [
  {
    name: 'lease: is counted from the sending of the heartbeat that returned, not from its return',
    run: withNodes(1, async ({ timers }, node) => {
      // Sent after a quarter of the lease, returned 700 ms later. Everything later is lost.
      let first = true
      node.channel.lie(() => {
        if (!first) return 'lose'
        first = false
        return { delayMs: 700 }
      })
      await timers.advance(LEASE / 4)
      await timers.advance(LEASE - 1)
      assert.equal(node.bus.isTrusted(), true)
      await timers.advance(1)
      assert.equal(node.bus.isTrusted(), false)
    }),
  },
  {
    name: 'lease: runs out by monotonic time while the wall clock stands',
    run: withNodes(1, async ({ timers }, node) => {
      node.channel.lie(() => 'lose')
      node.clock.stand()
      await timers.advance(LEASE)
      assert.equal(node.bus.isTrusted(), false)
    }),
  },
  ...[251, -251, 3_600_000, -3_600_000].map((jump) => ({
    name: `lease: a node trusts nothing once its wall clock has jumped by ${jump} ms`,
    run: withNodes(1, async ({ timers }, node) => {
      node.channel.lie(() => 'lose')
      node.clock.jump(Math.sign(jump) * 250)
      assert.equal(node.bus.isTrusted(), true)
      node.clock.jump(jump - Math.sign(jump) * 250)
      assert.equal(node.bus.isTrusted(), false)
      // With the next heartbeat that returns the disagreement starts at zero.
      node.channel.heal()
      await timers.advance(LEASE / 4)
      assert.deepEqual(kindsOf(node), ['missed'])
      assert.equal(node.bus.isTrusted(), true)
    }),
  })),
  {
    name: 'lease: a wall clock that stands costs trust after 250 ms, and each heartbeat restores it',
    run: withNodes(1, async ({ timers }, node) => {
      node.channel.lie(() => 'lose')
      node.clock.stand()
      await timers.advance(250)
      assert.equal(node.bus.isTrusted(), true)
      await timers.advance(1)
      assert.equal(node.bus.isTrusted(), false)
      node.channel.heal()
      await timers.advance(LEASE / 4)
      assert.equal(node.bus.isTrusted(), true)
    }),
  },
  {
    name: 'lease: after a lapse every listener has dropped its entries before the node trusts again',
    run: withNodes(1, async ({ timers }, node) => {
      const trusted: boolean[] = []
      for (let listener = 0; listener < 2; listener++) {
        node.bus.subscribe(() => trusted.push(node.bus.isTrusted()))
      }
      node.channel.lie(() => 'lose')
      await timers.advance(LEASE)
      assert.equal(node.bus.isTrusted(), false)
      node.channel.heal()
      await timers.advance(LEASE / 4)
      assert.equal(node.bus.isTrusted(), true)
      assert.deepEqual(trusted, [false, false])
    }),
  },
  {
    name: 'lease: a heartbeat sent before the lapse does not restore trust',
    run: withNodes(1, async ({ timers }, node) => {
      node.channel.lie(() => 'hold')
      await timers.advance(LEASE)
      assert.equal(node.bus.isTrusted(), false)
      node.channel.fail((call) => call === 'send')
      const before = node.channel.sent.length
      node.channel.release()
      // Only the heartbeat of the question above, which was sent after the lapse, may count.
      assert.ok(node.channel.sent.length === before)
      await timers.advance(LEASE)
      assert.equal(node.bus.isTrusted(), false)
    }),
  },
  {
    name: 'lease: a listener that fails costs trust until the next heartbeat, and the others are called',
    run: withNodes(2, async ({ timers }, first, second) => {
      let fails = true
      const unsubscribe = second.bus.subscribe(() => {
        if (fails) throw new Error('not applied')
      })
      const last: string[] = []
      second.bus.subscribe(({ kind }) => last.push(kind))
      second.channel.lie(only('lose', { from: second }))
      await first.bus.publish({ kind: 'settings-changed' }, { confirmed: true })
      assert.deepEqual(last, ['settings-changed'])
      assert.equal(second.errors.length, 1)
      assert.equal(second.bus.isTrusted(), false)
      fails = false
      second.channel.heal()
      await timers.advance(LEASE / 4)
      assert.equal(second.bus.isTrusted(), true)
      assert.deepEqual(last, ['settings-changed', 'missed'])
      unsubscribe()
    }),
  },
  {
    name: 'lease: a thousand questions of a node that waits for its heartbeat send only a few',
    run: withNodes(1, async ({ timers }, node) => {
      node.channel.lie(() => 'lose')
      await timers.advance(LEASE)
      node.channel.lie(() => ({ delayMs: 50 }))
      const before = node.channel.sent.length
      for (let question = 0; question < 1000; question++) node.bus.isTrusted()
      assert.ok(node.channel.sent.length - before <= 20)
      await timers.advance(50)
      assert.equal(node.bus.isTrusted(), true)
    }),
  },
  {
    name: 'lease: a node that has not joined, or could not, trusts nothing',
    run: withNodes(1, async ({ create, timers }) => {
      const node = create()
      assert.equal(node.bus.isTrusted(), false)
      node.channel.fail((call) => call === 'register')
      await assert.rejects(node.bus.start(), { code: 'unavailable' })
      await timers.advance(LEASE)
      assert.equal(node.bus.isTrusted(), false)
      assert.deepEqual(node.received, [])
      node.channel.heal()
      const started = node.bus.start()
      assert.equal(node.bus.isTrusted(), false)
      await started
      await timers.advance(LEASE / 4)
      assert.equal(node.bus.isTrusted(), true)
    }),
  },
  {
    name: 'lease: a node that joins drops what it has cached before it trusts it',
    run: withNodes(1, async ({ create, timers }) => {
      const node = create()
      await node.bus.start()
      await timers.advance(LEASE / 4)
      assert.equal(node.bus.isTrusted(), true)
      assert.deepEqual(kindsOf(node), ['missed'])
    }),
  },
  {
    name: 'lease: a channel that may have lost signals costs trust until a later heartbeat returns',
    run: withNodes(1, async ({ timers }, node) => {
      node.channel.lie(() => 'hold')
      await timers.advance(LEASE / 4)
      node.channel.deliver({ kind: 'lost', from: node.channel.id ?? '' })
      node.channel.release()
      assert.deepEqual(kindsOf(node), [])
      await timers.advance(LEASE / 4)
      assert.equal(node.bus.isTrusted(), true)
      assert.deepEqual(kindsOf(node), ['missed'])
    }),
  },
  {
    name: 'lease: a closed node trusts nothing',
    run: withNodes(1, async (_, node) => {
      await node.bus.close()
      assert.equal(node.bus.isTrusted(), false)
      await node.bus.close()
    }),
  },
]
