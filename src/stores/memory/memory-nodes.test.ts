import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BusMessage } from '../../core/ports/index.ts'
import { fakeClock } from '../../testing/index.ts'
import { memory, memoryEngine } from './index.ts'

function cluster() {
  const clock = fakeClock()
  const engine = memoryEngine({ clock })
  const [first, second] = [memory({ engine }), memory({ engine })]
  const heard: BusMessage[] = []
  second.bus.subscribe((message) => heard.push(message))
  return { clock, engine, first, second, heard }
}

test('a node alone trusts its cache for ever', () => {
  assert.equal(memory().bus.trustedUntil(), Number.POSITIVE_INFINITY)
})

test('a node that is cut off trusts nothing once its lease has run out', async () => {
  const { clock, engine, first, second, heard } = cluster()
  const start = clock.now()
  clock.advance(5000)
  assert.equal(second.bus.trustedUntil(), start + 6000)
  engine.hub.pause(second.bus)
  clock.advance(700)
  assert.equal(second.bus.trustedUntil(), start + 6000)
  assert.equal(first.bus.trustedUntil(), start + 6700)
  let told = false
  const published = first.bus.publish({ kind: 'actor-changed', id: 'x' }).then(() => {
    told = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(told, false, 'publish waits for the lease')
  clock.advance(300)
  await published
  assert.deepEqual(heard, [])
  engine.hub.resume(second.bus)
  assert.deepEqual(heard, [{ kind: 'missed' }])
  assert.equal(second.bus.trustedUntil(), clock.now() + 1000)
})

test('a node that is back within its lease hears what was held, in order', async () => {
  const { clock, engine, first, second, heard } = cluster()
  engine.hub.pause(second.bus)
  const messages: BusMessage[] = ['1', '2', '3'].map((id) => ({ kind: 'session-changed', id }))
  const published = Promise.all(messages.map((message) => first.bus.publish(message)))
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(heard, [])
  clock.advance(999)
  engine.hub.resume(second.bus)
  await published
  assert.deepEqual(heard, messages)
})
