import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Mailbox, OVERFLOW_EVENT } from './mailbox.ts'

const numbered = (data: number) => ({ name: 'n', data })

test('events come out in the order they were put in, once', () => {
  const mailbox = new Mailbox({ maxEvents: 10, maxBytes: 1000 })
  for (const at of [1, 2, 3]) mailbox.put(numbered(at))
  assert.deepEqual(mailbox.take(), [1, 2, 3].map(numbered))
  assert.deepEqual(mailbox.take(), [])
})

test('past its number the oldest go, and how many is told first', () => {
  const mailbox = new Mailbox({ maxEvents: 2, maxBytes: 1000 })
  for (const at of [1, 2, 3, 4, 5]) mailbox.put(numbered(at))
  const overflow = { name: OVERFLOW_EVENT, data: { dropped: 3 } }
  assert.deepEqual(mailbox.take(), [overflow, numbered(4), numbered(5)])
  mailbox.put(numbered(6))
  assert.deepEqual(mailbox.take(), [numbered(6)])
})

test('past its bytes the oldest go, and an event larger than all of it is dropped alone', () => {
  const size = Buffer.byteLength(JSON.stringify(numbered(1)))
  const mailbox = new Mailbox({ maxEvents: 100, maxBytes: 2 * size })
  for (const at of [1, 2, 3]) mailbox.put(numbered(at))
  assert.deepEqual(mailbox.take().slice(1), [numbered(2), numbered(3)])
  mailbox.put({ name: 'n', data: 'é'.repeat(size) })
  assert.deepEqual(mailbox.take(), [{ name: OVERFLOW_EVENT, data: { dropped: 1 } }])
})
