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

for (const first of ['ours', 'theirs'] as const) {
  test(`two runs work for one round, ${first} first, after one that warms up in reverse`, async () => {
    const log: string[] = []
    const meeting = createMeeting(first)
    const peer = contender(log, 'peer', 9)
    const [ours, theirs] = await Promise.all([
      meeting.join('ours')({ latchkey: contender(log, 'ours', 7), peer }, options),
      meeting.join('theirs')({ latchkey: contender(log, 'theirs', 8), peer }, options),
    ])
    const second = first === 'ours' ? 'theirs' : 'ours'
    assert.deepEqual(log, [second, first, first, second])
    // Peers are not measured, and count as one.
    assert.deepEqual(ours, { latchkey: [{ rate: 7 }], peer: [{ rate: 1 }] })
    assert.deepEqual(theirs, { latchkey: [{ rate: 8 }], peer: [{ rate: 1 }] })
  })
}

test('the order does not depend on which run arrives first', async () => {
  const log: string[] = []
  const meeting = createMeeting('ours')
  const late = meeting.join('theirs')({ latchkey: contender(log, 'theirs', 8) }, options)
  const ours = await meeting.join('ours')({ latchkey: contender(log, 'ours', 7) }, options)
  assert.deepEqual(log.slice(2), ['ours', 'theirs'])
  assert.deepEqual(ours, { latchkey: [{ rate: 7 }] })
  assert.deepEqual(await late, { latchkey: [{ rate: 8 }] })
})

test('several contenders of ours are measured beside their like', async () => {
  const log: string[] = []
  const meeting = createMeeting('ours')
  const run = (side: 'ours' | 'theirs') =>
    meeting.join(side)(
      { few: contender(log, `${side} few`, 1), many: contender(log, `${side} many`, 1) },
      { ...options, warmUps: 0, ours: ['few', 'many'] },
    )
  await Promise.all([run('ours'), run('theirs')])
  assert.deepEqual(log, ['ours few', 'theirs few', 'ours many', 'theirs many'])
})

test('a run that waits is rejected when the other ends', async () => {
  const meeting = createMeeting('ours')
  const waiting = meeting.join('ours')({ latchkey: contender([], 'a', 1) }, options)
  meeting.leave()
  await assert.rejects(waiting, /other checkout has ended/)
})

test('a run that waits fails with the error that ended the other', async () => {
  const meeting = createMeeting('ours')
  const waiting = meeting.join('ours')({ latchkey: contender([], 'a', 1) }, options)
  meeting.leave(new Error('could not be started'))
  meeting.leave()
  await assert.rejects(waiting, /could not be started/)
})

test('a run that comes after the other has ended is rejected', async () => {
  const meeting = createMeeting('ours')
  meeting.leave()
  const late = meeting.join('ours')({ latchkey: contender([], 'a', 1) }, options)
  await assert.rejects(late, /other checkout has ended/)
})

test('both runs are rejected when a contender fails', async () => {
  const meeting = createMeeting('ours')
  const failing = { measure: () => Promise.reject(new Error('broken')) }
  const outcomes = await Promise.allSettled([
    meeting.join('ours')({ latchkey: failing }, options),
    meeting.join('theirs')({ latchkey: contender([], 'b', 1) }, options),
  ])
  assert.deepEqual(
    outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.message),
    ['broken', 'broken'],
  )
})

test('contenders of another name are refused', async () => {
  const meeting = createMeeting('ours')
  const outcomes = await Promise.allSettled([
    meeting.join('ours')({ other: contender([], 'a', 1) }, options),
    meeting.join('theirs')({ other: contender([], 'b', 1) }, options),
  ])
  for (const outcome of outcomes) assert.equal(outcome.status, 'rejected')
})
