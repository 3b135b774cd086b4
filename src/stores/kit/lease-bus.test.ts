import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { BusMessage } from '../../core/ports/index.ts'
import { fakeClock, fakeTimers, leaseBusCases, lyingChannel } from '../../testing/index.ts'
import { createHub } from '../memory/bus.ts'
import type { Channel, Member, Signal } from './channel.ts'
import { createLeaseBus } from './lease-bus.ts'

/** An engine in another process: a node's own signals return in a later turn too. */
function remoteEngine() {
  const listeners = new Set<(signal: Signal) => void>()
  const members = new Map<string, Member>()
  return {
    join: (): Channel => ({
      async send(signal) {
        const copy = structuredClone(signal)
        setImmediate(() => {
          for (const listener of listeners) listener(copy)
        })
      },
      subscribe(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      async register(member) {
        members.set(member.id, member)
      },
      async unregister(id) {
        members.delete(id)
      },
      members: async () => [...members.values()],
    }),
  }
}

for (const [engine, createEngine] of [
  ['the hub of memory', createHub],
  ['a remote engine', remoteEngine],
] as const) {
  for (const { name, run } of leaseBusCases) {
    test(`${engine}: ${name}`, () => run(createEngine()))
  }
}

/** The fate of the signals of one publish and of the time after it. */
const step = fc.record({
  publisher: fc.nat(2),
  lost: fc.array(fc.nat(5), { maxLength: 3 }),
  repeated: fc.boolean(),
  sendFails: fc.boolean(),
  wallJumpMs: fc.constantFrom(0, 0, 0, 400, -5000),
  pauseMs: fc.nat(600),
})

test('no node trusts an entry that an acknowledged message has made outdated', async () => {
  const property = fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
    const engine = remoteEngine()
    const clock = fakeClock()
    const timers = fakeTimers(clock)
    let wall = 0
    const nodes = [0, 1, 2].map(() => {
      const channel = lyingChannel(engine.join(), { timers })
      const own = { now: () => clock.now() + wall, monotonic: () => clock.monotonic() }
      const bus = createLeaseBus({ channel, clock: own, timers })
      // The number of the newest change that each node has dropped its entries for.
      const node = { channel, bus, current: 0 }
      bus.subscribe((message) => {
        node.current = message.kind === 'actor-changed' ? Number(message.id) : written
      })
      return node
    })
    let written = 0
    for (const { bus } of nodes) await bus.start()
    await timers.advance(250)
    for (const { publisher, lost, repeated, sendFails, wallJumpMs, pauseMs } of steps) {
      const sender = nodes[publisher]
      assert.ok(sender)
      for (const [index, { channel }] of nodes.entries()) {
        let arrived = 0
        channel.lie(({ kind }) => {
          if (kind === 'message' && lost.includes(index + 3 * (arrived++ % 2))) return 'lose'
          return repeated ? 'repeat' : null
        })
      }
      sender.channel.fail((_, signal) => sendFails && signal?.kind === 'message')
      written++
      const change = written
      sender.current = change
      const message: BusMessage = { kind: 'actor-changed', id: String(change) }
      let acknowledged = false
      const published = sender.bus.publish(message, { confirmed: true }).then(
        () => {
          acknowledged = true
          for (const node of nodes) {
            if (node.bus.isTrusted()) assert.ok(node.current >= change, 'an outdated entry')
          }
        },
        (error: { code: string }) => assert.equal(error.code, 'unavailable'),
      )
      await timers.advance(pauseMs)
      wall += wallJumpMs
      await timers.advance(1001)
      await published
      assert.equal(acknowledged, !sendFails)
      sender.channel.fail(() => false)
    }
    for (const { channel } of nodes) channel.heal()
    await timers.advance(1000)
    for (const { bus, current } of nodes) {
      assert.equal(bus.isTrusted(), true)
      assert.equal(current, written)
    }
    for (const { bus } of nodes) await bus.close()
  })
  await fc.assert(property, { numRuns: 60 })
})
