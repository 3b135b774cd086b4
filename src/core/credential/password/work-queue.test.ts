import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LatchkeyError } from '../../errors.ts'
import { createWorkQueue } from './work-queue.ts'

/** Work that ends when the test releases it. */
function createGate() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { open: resolve, work: () => promise }
}

const settle = () => new Promise((resolve) => setImmediate(resolve))

test('runs as many at once as allowed, and the rest in the order of arrival', async () => {
  const queue = createWorkQueue({ concurrency: 2, queueLimit: 10 })
  const gates = Array.from({ length: 5 }, createGate)
  const started: number[] = []
  const runs = gates.map((gate, index) =>
    queue.run(async () => {
      started.push(index)
      await gate.work()
      return index
    }),
  )
  await settle()
  assert.deepEqual(started, [0, 1])
  assert.deepEqual(queue.stats(), { running: 2, waiting: 3 })
  gates[1]?.open()
  await settle()
  assert.deepEqual(started, [0, 1, 2])
  for (const gate of gates) gate.open()
  assert.deepEqual(await Promise.all(runs), [0, 1, 2, 3, 4])
  assert.deepEqual(started, [0, 1, 2, 3, 4])
  assert.deepEqual(queue.stats(), { running: 0, waiting: 0 })
})

test('refuses work when the queue is full, with a time to retry', async () => {
  let nowMs = 0
  const queue = createWorkQueue({ concurrency: 1, queueLimit: 5, monotonicMs: () => nowMs })
  await queue.run(async () => {
    nowMs += 700
  })
  const gate = createGate()
  const runs = Array.from({ length: 6 }, () => queue.run(gate.work))
  await assert.rejects(queue.run(gate.work), (error) => {
    assert.ok(error instanceof LatchkeyError)
    assert.equal(error.code, 'busy')
    assert.equal(error.details.retryAfterMs, 3500)
    return true
  })
  assert.deepEqual(queue.stats(), { running: 1, waiting: 5 })
  gate.open()
  await Promise.all(runs)
})

test('retryAfterMs is at least a second, even before a measurement', async () => {
  const queue = createWorkQueue({ concurrency: 1, queueLimit: 0 })
  const gate = createGate()
  const run = queue.run(gate.work)
  await assert.rejects(queue.run(gate.work), {
    code: 'busy',
    details: { retryAfterMs: 1000, source: 'password_queue' },
  })
  gate.open()
  await run
})

test('an aborted wait leaves the queue and frees its place', async () => {
  const queue = createWorkQueue({ concurrency: 1, queueLimit: 3 })
  const gate = createGate()
  const order: string[] = []
  const note = (name: string) => async () => {
    order.push(name)
  }
  const first = queue.run(gate.work)
  const [a, b, c] = [new AbortController(), new AbortController(), new AbortController()]
  const waits = [queue.run(note('a'), a), queue.run(note('b'), b), queue.run(note('c'), c)] as const
  const reason = new Error('gone')
  b.abort(reason)
  await assert.rejects(waits[1], reason)
  assert.equal(queue.stats().waiting, 2)
  const d = queue.run(note('d'))
  gate.open()
  await Promise.all([first, waits[0], waits[2], d])
  assert.deepEqual(order, ['a', 'c', 'd'])
  c.abort(reason)
  assert.deepEqual(queue.stats(), { running: 0, waiting: 0 })
})

test('a signal that is already aborted never starts the work', async () => {
  const queue = createWorkQueue({ concurrency: 1, queueLimit: 1 })
  const work = async () => assert.fail('started')
  await assert.rejects(queue.run(work, { signal: AbortSignal.abort() }), { name: 'AbortError' })
  assert.deepEqual(queue.stats(), { running: 0, waiting: 0 })
})

test('failed work frees its place', async () => {
  const queue = createWorkQueue({ concurrency: 1, queueLimit: 1 })
  const failure = new Error('no')
  await assert.rejects(
    queue.run(() => Promise.reject(failure)),
    failure,
  )
  assert.equal(await queue.run(async () => 'next'), 'next')
})

test('whenever waiting work leaves the queue, the rest keep their order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 30 }), async (aborted) => {
      const queue = createWorkQueue({ concurrency: 1, queueLimit: 30 })
      const gate = createGate()
      const first = queue.run(gate.work)
      const order: number[] = []
      const controllers = aborted.map(() => new AbortController())
      const waits = controllers.map((controller, index) =>
        queue.run(async () => void order.push(index), controller),
      )
      const settled = Promise.allSettled(waits)
      for (const [index, leaves] of aborted.entries()) if (leaves) controllers[index]?.abort()
      assert.equal(queue.stats().waiting, aborted.filter((leaves) => !leaves).length)
      gate.open()
      await Promise.all([first, settled])
      assert.deepEqual(
        order,
        aborted.flatMap((leaves, index) => (leaves ? [] : [index])),
      )
    }),
  )
})
