import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFailureFloor } from './failure-floor.ts'
import { createPasswordHasher } from './hasher.ts'

function openFloor() {
  const waits: number[] = []
  const floor = createFailureFloor({
    monotonicMs: () => 1000,
    wait: async (ms) => void waits.push(ms),
  })
  const held = async (began: number, derivations = 1) => {
    waits.length = 0
    await floor.hold(began, { derivations })
    return waits[0] ?? 0
  }
  return { floor, held }
}

test('a failure does not wait before the first foreign hash', async () => {
  const { held } = openFloor()
  assert.equal(await held(1000), 0)
})

test('a failure takes as long as the slowest foreign hash, with a margin', async () => {
  const { floor, held } = openFloor()
  floor.observe('bcrypt 12', 200)
  assert.equal(await held(1000), 250)
  assert.equal(await held(900), 150)
  assert.equal(await held(700), 0)
  assert.equal(await held(1000, 2), 500)
})

test('many fast hashes do not displace the duration of a slow one', async () => {
  const { floor, held } = openFloor()
  floor.observe('bcrypt 12', 200)
  for (let count = 0; count < 1000; count++) floor.observe('digest', 1)
  assert.equal(await held(1000), 250)
})

test('a single pause of the machine is not kept', async () => {
  const { floor, held } = openFloor()
  for (let count = 0; count < 20; count++) floor.observe('bcrypt 12', 200)
  floor.observe('bcrypt 12', 2000)
  assert.equal(await held(1000), 250)
})

test('a failure takes at most 3 s, and the kept durations are bounded', async () => {
  const { floor, held } = openFloor()
  for (let work = 0; work < 64; work++) floor.observe(`bcrypt ${work}`, 1)
  floor.observe('bcrypt 65', 10_000)
  assert.equal(await held(1000), 1.25)
  floor.observe('bcrypt 1', 10_000)
  assert.equal(await held(1000), 3000)
})

const DJANGO = 'pbkdf2_sha256$1200$saltSALTsalt$quZLiurZLHrISJP/Tys4lnaEhNXa0qwBYSingJsHWrs='

test('an unknown actor, a wrong password and a foreign hash take the same time, a right password does not wait', async () => {
  const waits: number[] = []
  let now = 0
  const hasher = createPasswordHasher({
    memoryKiB: 64,
    passes: 1,
    monotonicMs: () => now,
    wait: async (ms) => void waits.push(ms),
    async derive({ tagBytes }) {
      now += 40
      return Buffer.alloc(tagBytes)
    },
  })
  const ours = await hasher.hash('correct horse')
  const times: number[] = []
  for (const stored of [DJANGO, null, 'malformed', DJANGO]) {
    waits.length = 0
    const began = now
    assert.equal((await hasher.verify('wrong horse', stored)).ok, false)
    times.push(now - began + (waits[0] ?? 0))
  }
  assert.deepEqual(times, [50, 50, 50, 50])
  waits.length = 0
  assert.equal((await hasher.verify('correct horse', ours)).ok, true)
  assert.equal((await hasher.verify('correct horse', DJANGO)).ok, true)
  assert.deepEqual(waits, [])
  // A password that is not in NFC is derived in both forms, which depends on the password only.
  assert.equal((await hasher.verify('e\u0301', null)).ok, false)
  assert.deepEqual(waits, [60])
})

test('an aborted request ends the wait', async () => {
  const floor = createFailureFloor()
  floor.observe('bcrypt 16', 10_000)
  const began = performance.now()
  const controller = new AbortController()
  const held = floor.hold(began, { derivations: 1, signal: controller.signal })
  controller.abort()
  await held
  assert.ok(performance.now() - began < 2000)
})
