import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { RequestQueue } from './request-queue.ts'

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await setImmediate()
}

const never = () => false

describe('a connection with many requests', () => {
  test('has a few of them under way, and the others start in order', async () => {
    const queue = new RequestQueue({ maxUnderWay: 2 })
    const lane = queue.open(never)
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

  test('starts none while its answers wait to be read', async () => {
    const queue = new RequestQueue()
    let stalled = true
    const lane = queue.open(() => stalled)
    let started = 0
    lane.enter(() => {
      started++
    })
    await turns(3)
    assert.equal(started, 0)
    stalled = false
    lane.resume()
    await turns(3)
    assert.equal(started, 1)
  })

  test('does not delay a request of another connection', async () => {
    const queue = new RequestQueue({ maxUnderWay: 1 })
    const order: string[] = []
    const flood = queue.open(never)
    const other = queue.open(never)
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
    const first = queue.open(never)
    const second = queue.open(never)
    const fill = (lane: typeof first) => {
      let accepted = 0
      while (lane.enter(() => undefined)) accepted++
      return accepted
    }
    assert.equal(fill(first), 1 + 2 + 3)
    assert.equal(fill(second), 1 + 2)
    first.close()
    assert.equal(fill(second), 3)
    assert.equal(fill(queue.open(never)), 1 + 2)
  })
})
