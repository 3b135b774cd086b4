import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { RequestQueue } from './request-queue.ts'

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await setImmediate()
}

describe('a connection with many requests', () => {
  test('has a few of them under way, and the others start in order', async () => {
    const queue = new RequestQueue({ maxUnderWay: 2 })
    const lane = queue.open()
    const started: number[] = []
    for (const id of [1, 2, 3, 4, 5]) assert.ok(lane.enter(() => started.push(id)))
    await turns(3)
    assert.deepEqual(started, [1, 2])
    lane.finish()
    await turns(3)
    assert.deepEqual(started, [1, 2, 3])
    lane.finish()
    lane.finish()
    await turns(3)
    assert.deepEqual(started, [1, 2, 3, 4, 5])
    assert.equal(lane.waiting, 0)
  })

  test('does not delay a request of another connection', async () => {
    const queue = new RequestQueue({ maxUnderWay: 1 })
    const order: string[] = []
    const flood = queue.open()
    const other = queue.open()
    const busy = (name: string, lane: typeof flood) => () => {
      order.push(name)
      const until = performance.now() + 0.3
      while (performance.now() < until);
      lane.finish()
    }
    flood.enter(() => undefined)
    other.enter(() => undefined)
    for (let id = 0; id < 100; id++) flood.enter(busy('flood', flood))
    other.enter(busy('other', other))
    flood.finish()
    other.finish()
    while (flood.waiting > 0) await setImmediate()
    assert.ok(order.indexOf('other') <= 1, order.slice(0, 5).join())
  })

  test('is refused when too many wait, and gives its share back', async () => {
    const queue = new RequestQueue({ maxUnderWay: 1, maxWaiting: 2, maxWaitingInAll: 3 })
    const first = queue.open()
    const second = queue.open()
    const fill = (lane: typeof first) => {
      let accepted = 0
      while (lane.enter(() => undefined)) accepted++
      return accepted
    }
    assert.equal(fill(first), 1 + 2 + 3)
    assert.equal(fill(second), 1 + 2)
    first.close()
    assert.equal(fill(second), 3)
    assert.equal(fill(queue.open()), 1 + 2)
  })

  test('waits for the next turn if many have started in this one', async () => {
    const queue = new RequestQueue({ maxUnderWay: 100, maxBurst: 100, maxPerTurn: 3 })
    const started: string[] = []
    const [one, other] = [queue.open(), queue.open()]
    for (let id = 0; id < 5; id++) one.enter(() => started.push('one'))
    other.enter(() => started.push('other'))
    assert.deepEqual(started, ['one', 'one', 'one'])
    await turns(3)
    assert.deepEqual(started.slice(3).sort(), ['one', 'one', 'other'])
  })

  test('waits for a turn even if each answer is ready at once', async () => {
    const lane = new RequestQueue({ maxBurst: 2 }).open()
    let started = 0
    const start = () => {
      started++
      lane.finish()
    }
    const before = performance.now()
    for (let id = 0; id < 100; id++) lane.enter(start)
    const took = performance.now() - before
    assert.ok(started <= 2 * (1 + took), `${started} in ${took} ms`)
    while (started < 100) await setImmediate()
  })
})
