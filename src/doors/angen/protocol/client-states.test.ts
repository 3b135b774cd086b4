import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ClientStates } from './client-states.ts'

test('states of clients that dropped are bounded in number, the oldest go first', () => {
  const states = new ClientStates({ keepMs: 1000, maxKept: 3, now: () => 0 })
  const member = { push: () => undefined }
  for (let at = 0; at < 10; at++) {
    states.join(`${at}`, member, { bot: false })
    states.leave(`${at}`, member, { dropped: true })
  }
  assert.equal(states.size, 3)
  assert.equal(states.find('6'), null)
  assert.notEqual(states.find('7'), null)
})

test('a client that comes back is not forgotten when its time is over', () => {
  let now = 0
  const states = new ClientStates({ keepMs: 1000, maxKept: 3, now: () => now })
  const member = { push: () => undefined }
  states.join('ada', member, { bot: false })
  states.leave('ada', member, { dropped: true })
  states.join('ada', member, { bot: false })
  now = 2000
  states.join('bob', member, { bot: false })
  assert.notEqual(states.find('ada'), null)
  assert.equal(states.size, 2)
})
