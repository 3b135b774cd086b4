import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BusMessage } from '../../core/ports/index.ts'
import { fakeClock } from '../../testing/index.ts'
import { memory, memoryEngine } from './index.ts'

async function cluster() {
  const clock = fakeClock()
  const engine = memoryEngine({ clock })
  const [first, second] = [memory({ engine }), memory({ engine })]
  // Nodes join in a later turn, and drop what they cached before.
  await new Promise((resolve) => setImmediate(resolve))
  const received: BusMessage[] = []
  second.bus.subscribe((message) => received.push(message))
  return { clock, engine, first, second, received }
}

test('a node without an engine trusts its cache', () => {
  assert.equal(memory().bus.isTrusted(), true)
})

test('a disconnected node trusts nothing once its lease has run out, and drops its cache', async () => {
  const { clock, engine, first, second, received } = await cluster()
  assert.equal(second.bus.isTrusted(), true)
  engine.hub.pause(second.bus)
  clock.advance(999)
  assert.equal(second.bus.isTrusted(), true)
  clock.advance(1)
  assert.equal(second.bus.isTrusted(), false)
  assert.equal(first.bus.isTrusted(), true)
  await first.bus.publish({ kind: 'actor-changed', id: 'x' }, { confirmed: true })
  // It has dropped its entries when the publish resolves, because the publisher is silent for it.
  assert.deepEqual(received, [{ kind: 'missed' }])
  engine.hub.resume(second.bus)
  received.length = 0
  assert.equal(second.bus.isTrusted(), true)
  assert.deepEqual(received.at(-1), { kind: 'missed' })
})

test('a node that reconnects within its lease receives the held messages, in order', async () => {
  const { engine, first, second, received } = await cluster()
  engine.hub.pause(second.bus)
  const messages: BusMessage[] = ['1', '2', '3'].map((id) => ({ kind: 'session-changed', id }))
  const published = Promise.all(
    messages.map((message) => first.bus.publish(message, { confirmed: true })),
  )
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(received, [])
  engine.hub.resume(second.bus)
  await published
  assert.deepEqual(received, messages)
})
