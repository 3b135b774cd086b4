import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMeeting } from './meeting.ts'

const options = { bench: 'test', rounds: 99, ms: 5, warmUps: 1 }

/** Contenders that note in `log` when they are measured. */
function contender(log: string[], name: string, rate: number) {
  return {
    async measure() {
      log.push(name)
      return { rate }
    },
  }
}

test('two runs take turns round by round, every other round in reverse', async () => {
  const log: string[] = []
  const meeting = createMeeting(2)
  const [a, b] = await Promise.all([
    meeting.join()({ latchkey: contender(log, 'a', 7), peer: contender(log, 'peer', 9) }, options),
    meeting.join()({ latchkey: contender(log, 'b', 8), peer: contender(log, 'peer', 9) }, options),
  ])
  // The first pair only warms up. Peers are not measured, and count as one.
  assert.deepEqual(log, ['b', 'a', 'a', 'b', 'b', 'a'])
  assert.deepEqual(a, { latchkey: [{ rate: 7 }, { rate: 7 }], peer: [{ rate: 1 }, { rate: 1 }] })
  assert.deepEqual(b['latchkey'], [{ rate: 8 }, { rate: 8 }])
})

test('several contenders of ours are measured beside their like', async () => {
  const log: string[] = []
  const meeting = createMeeting(1)
  const both = ['few', 'many']
  const run = (side: string) =>
    meeting.join()(
      { few: contender(log, `${side} few`, 1), many: contender(log, `${side} many`, 1) },
      { ...options, warmUps: 0, ours: both },
    )
  await Promise.all([run('a'), run('b')])
  assert.deepEqual(log, ['a few', 'b few', 'a many', 'b many'])
})

test('a run that waits is rejected when the other ends', async () => {
  const meeting = createMeeting(1)
  const waiting = meeting.join()({ latchkey: contender([], 'a', 1) }, options)
  meeting.leave()
  await assert.rejects(waiting, /other checkout has ended/)
})

test('a run that waits fails with the error that ended the other', async () => {
  const meeting = createMeeting(1)
  const waiting = meeting.join()({ latchkey: contender([], 'a', 1) }, options)
  meeting.leave(new Error('could not be started'))
  meeting.leave()
  await assert.rejects(waiting, /could not be started/)
})

test('a run that comes after the other has ended is rejected', async () => {
  const meeting = createMeeting(1)
  meeting.leave()
  const late = meeting.join()({ latchkey: contender([], 'a', 1) }, options)
  await assert.rejects(late, /other checkout has ended/)
})

test('both runs are rejected when a contender fails', async () => {
  const meeting = createMeeting(1)
  const failing = { measure: () => Promise.reject(new Error('broken')) }
  const outcomes = await Promise.allSettled([
    meeting.join()({ latchkey: failing }, options),
    meeting.join()({ latchkey: contender([], 'b', 1) }, options),
  ])
  assert.deepEqual(
    outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.message),
    ['broken', 'broken'],
  )
})

test('contenders of another name are refused', async () => {
  const meeting = createMeeting(1)
  const outcomes = await Promise.allSettled([
    meeting.join()({ other: contender([], 'a', 1) }, options),
    meeting.join()({ other: contender([], 'b', 1) }, options),
  ])
  for (const outcome of outcomes) assert.equal(outcome.status, 'rejected')
})
