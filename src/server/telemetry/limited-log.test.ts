import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LimitedLog } from './limited-log.ts'

test('one line in some seconds is written for each key, with the number of suppressed ones', () => {
  let now = 0
  const limited = new LimitedLog({ everyMs: 1000, now: () => now })
  const written: [string, number][] = []
  const write = (key: string) => limited.write(key, (suppressed) => written.push([key, suppressed]))
  for (const at of [0, 1, 500, 999]) {
    now = at
    write('a')
  }
  write('b')
  now = 1000
  write('a')
  assert.deepEqual(written, [
    ['a', 0],
    ['b', 0],
    ['a', 3],
  ])
})

test('the number of keys is bounded', () => {
  const limited = new LimitedLog({ now: () => 0 })
  let written = 0
  for (let key = 0; key < 5000; key++) limited.write(`${key}`, () => written++)
  limited.write('4999', () => written++)
  assert.equal(written, 5000)
})
