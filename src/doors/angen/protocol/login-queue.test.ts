import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { openFixture, settled } from '../../../../test/support/angen-door.ts'
import { mockTimers } from '../../../../test/support/mock-timers.ts'
import type { Refusal } from '../../../core/errors.ts'
import { LoginQueue, type LoginQueueOptions } from './login-queue.ts'

function open(t: TestContext, options: Partial<LoginQueueOptions> = {}) {
  mockTimers(t, ['setInterval', 'Date'])
  const queue = new LoginQueue({
    perSecond: 10,
    maxWaiting: 100,
    maxWaitMs: 45_000,
    now: () => Date.now(),
    ...options,
  })
  t.after(() => queue.close())
  const turns: string[] = []
  const enter = (who: string, address = who, gone = new AbortController()) => {
    const turn = queue.enter(address, () => gone.signal)
    const told = (refusal: Refusal | null) =>
      void turns.push(refusal === null ? who : `${who}: ${refusal.code}`)
    if (turn === null) told(null)
    else turn.then(told, assert.fail)
    return gone
  }
  const after = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 50) t.mock.timers.tick(50)
    await settled()
    return turns.splice(0)
  }
  return { queue, enter, after, turns }
}

test('logins within the rate go through at once, the others at the rate', async (t) => {
  const { enter, after, turns, queue } = open(t)
  for (let at = 0; at < 25; at++) enter(`${at}`, 'one')
  assert.equal(turns.splice(0).length, 10)
  assert.equal(queue.size, 15)
  assert.deepEqual(await after(500), ['10', '11', '12', '13', '14'])
  assert.equal((await after(1000)).length, 10)
  assert.equal(queue.size, 0)
  await after(1000)
  enter('later')
  assert.deepEqual(turns, ['later'])
})

test('a crowd behind one address does not keep the others out', async (t) => {
  const { enter, after, turns } = open(t)
  for (let at = 0; at < 10; at++) enter('first')
  assert.equal(turns.splice(0).length, 10)
  for (let at = 0; at < 50; at++) enter(`crowd${at}`, 'crowd')
  enter('ada')
  enter('bob')
  assert.deepEqual(await after(500), ['crowd0', 'ada', 'bob', 'crowd1', 'crowd2'])
})

test('a crowd that has a whole network of addresses is one crowd', async (t) => {
  const { enter, after, turns } = open(t)
  for (let at = 0; at < 10; at++) enter('first')
  assert.equal(turns.splice(0).length, 10)
  for (let at = 0; at < 50; at++) enter(`crowd${at}`, `2001:db8::${at}`)
  enter('ada', '2001:db8:0:1::1')
  assert.deepEqual(await after(300), ['crowd0', 'ada', 'crowd1'])
})

test('over the bound a login is answered with when to retry', async (t) => {
  const { enter, after, queue } = open(t, { maxWaiting: 20 })
  for (let at = 0; at < 31; at++) enter(`${at}`, 'one')
  assert.deepEqual((await after(0)).at(-1), '30: busy')
  const refusal = await queue.enter('x', () => assert.fail('waits'))
  assert.equal(refusal?.retryAfterMs, 2000)
})

test('a login that waited too long is refused before its connection is idle', async (t) => {
  const { enter, after, queue } = open(t, { perSecond: 1, maxWaitMs: 2000 })
  for (let at = 0; at < 5; at++) enter(`${at}`, 'one')
  const turns = await after(2000)
  assert.deepEqual(turns, ['0', '1', '2: busy', '3: busy', '4: busy'])
  assert.equal(queue.size, 0)
})

test('a client that leaves gives its place up', async (t) => {
  const { enter, after, queue } = open(t, { perSecond: 1 })
  enter('first')
  const gone = enter('gone')
  enter('ada')
  gone.abort()
  assert.equal(queue.size, 1)
  assert.deepEqual(await after(1000), ['first', 'gone: timeout', 'ada'])
})

test('a queue that closes refuses whom it holds', async (t) => {
  const { enter, after, queue } = open(t, { perSecond: 1 })
  enter('first')
  enter('ada')
  queue.close()
  assert.deepEqual(await after(0), ['first', 'ada: unavailable'])
})

test('logins over the rate wait for their turn, and over the bound are refused with a time', async (t) => {
  const { connect, register, token, door } = await openFixture(t, {
    loginsPerSecond: 1,
    maxWaitingLogins: 1,
  })
  await register('ada')
  const { identifier_code } = await token('ada')
  await connect('192.0.2.1').login(identifier_code)
  const text = JSON.stringify({
    name: 'auth/login',
    command: { token: identifier_code, user_agent: 'u' },
  })
  const waiting = connect('192.0.2.2')
  const pending = waiting.receiver.receive(text)
  await settled()
  assert.equal(door.stats().waitingLogins, 1)
  const { message } = await connect('192.0.2.3').ask('auth/login', {
    token: identifier_code,
    user_agent: 'u',
  })
  assert.deepEqual(message, {
    command: 'auth/login',
    reason: 'Server busy, please retry',
    retry_after: 1,
  })
  waiting.receiver.closed()
  await pending
  assert.equal(door.stats().waitingLogins, 0)
  assert.deepEqual(waiting.read(), [])
})
