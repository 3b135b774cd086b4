import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { mockTimers } from '../../../../test/support/mock-timers.ts'
import { TouchBuffer, touchIntervalMs } from './touch-buffer.ts'

type Touches = { id: string; lastUsedAt: number }[]

function createBuffer(t: TestContext, options: { maxPending?: number } = {}) {
  mockTimers(t, ['setTimeout'])
  const written: Touches[] = []
  const errors: unknown[] = []
  let write = async (touches: Touches) => {
    written.push(touches)
  }
  const buffer = new TouchBuffer({
    write: (touches) => write(touches),
    onError: (error) => errors.push(error),
    delayMs: 100,
    ...options,
  })
  return { buffer, written, errors, writeWith: (other: typeof write) => (write = other) }
}

test('simultaneous uses are written in one batch, with the latest use of each session', async (t) => {
  const { buffer, written } = createBuffer(t)
  buffer.add('a', 1)
  buffer.add('b', 2)
  buffer.add('a', 3)
  assert.equal(buffer.find('a'), 3)
  t.mock.timers.tick(99)
  assert.deepEqual(written, [])
  t.mock.timers.tick(1)
  await buffer.flush()
  assert.deepEqual(written, [
    [
      { id: 'a', lastUsedAt: 3 },
      { id: 'b', lastUsedAt: 2 },
    ],
  ])
  assert.equal(buffer.find('a'), undefined)
})

test('a removed use is not written', async (t) => {
  const { buffer, written } = createBuffer(t)
  buffer.add('a', 1)
  buffer.forget('a')
  await buffer.flush()
  assert.deepEqual(written, [])
})

test('a use that could not be written is written the next time, unless there is a later use', async (t) => {
  const { buffer, written, errors, writeWith } = createBuffer(t)
  writeWith(async () => {
    buffer.add('b', 9)
    throw new Error('gone')
  })
  buffer.add('a', 1)
  buffer.add('b', 2)
  await buffer.flush()
  assert.equal(errors.length, 1)
  writeWith(async (touches) => void written.push(touches))
  t.mock.timers.tick(100)
  await buffer.flush()
  assert.deepEqual(
    new Map(written.flat().map(({ id, lastUsedAt }) => [id, lastUsedAt])),
    new Map([
      ['b', 9],
      ['a', 1],
    ]),
  )
})

test('above the limit the oldest uses are dropped', async (t) => {
  const { buffer, written } = createBuffer(t, { maxPending: 2 })
  for (const [at, id] of ['a', 'b', 'c'].entries()) buffer.add(id, at)
  await buffer.flush()
  assert.deepEqual(
    written.flat().map(({ id }) => id),
    ['b', 'c'],
  )
})

test('writes are sequential: a flush waits for the previous one', async (t) => {
  const { buffer, writeWith } = createBuffer(t)
  const order: string[] = []
  const first = Promise.withResolvers<void>()
  writeWith(async (touches) => {
    const id = touches[0]?.id ?? ''
    order.push(`${id} begins`)
    if (id === 'a') await first.promise
    order.push(`${id} ends`)
  })
  buffer.add('a', 1)
  const one = buffer.flush()
  await Promise.resolve()
  buffer.add('b', 2)
  const two = buffer.flush()
  first.resolve()
  await Promise.all([one, two])
  assert.deepEqual(order, ['a begins', 'a ends', 'b begins', 'b ends'])
})

test('writes of uses are a twentieth of the idle time apart, or five minutes', () => {
  assert.equal(touchIntervalMs(3_600_000), 180_000)
  assert.equal(touchIntervalMs(null), 300_000)
})
