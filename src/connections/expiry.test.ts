import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HOUR, MINUTE, settled } from '../../test/support/authority.ts'
import { ends, openTable } from '../../test/support/connections.ts'

test('a session that runs out is noticed by the sweep, for all its connections alike', async (t) => {
  const { table, current, clock } = await openTable(t, { sweepEveryMs: 250 })
  const all = Array.from({ length: 30 }, ends)
  for (const each of all) table.open(current, each)
  await settled()
  clock.advance(HOUR - 1)
  t.mock.timers.tick(250)
  await settled()
  assert.equal(table.size, 30)
  clock.advance(1)
  t.mock.timers.tick(250)
  await settled()
  for (const { closed } of all) assert.deepEqual(closed, ['expired'])
})

test('an open connection does not extend its session, traffic on it does', async (t) => {
  const { table, current, clock } = await openTable(t, { sweepEveryMs: 250 })
  const [idle, busy] = [ends(), ends()]
  table.open(current, idle)
  const connection = table.open(current, busy)
  for (let at = 0; at < 3; at++) {
    clock.advance(50 * MINUTE)
    assert.equal(await connection.use(), true)
    assert.equal(connection.current.session.expiresAt, clock.now() + HOUR)
  }
  t.mock.timers.tick(250)
  await settled()
  assert.deepEqual([idle.closed, busy.closed], [[], []])
  clock.advance(HOUR)
  assert.equal(await connection.use(), false)
  assert.deepEqual(busy.closed, ['expired'])
})

test('where the profile says so, a connection that receives events extends its session', async (t) => {
  const { table, current, clock, authority } = await openTable(t, { sweepEveryMs: 250 })
  await authority.settings.set('profile.web.streamUses', true)
  const [listening, silent] = [ends(), ends()]
  const connection = table.open(current, listening)
  for (let at = 0; at < 5; at++) {
    clock.advance(30 * MINUTE)
    t.mock.timers.tick(250)
    await settled()
  }
  assert.equal(connection.current.session.expiresAt, clock.now() + HOUR)
  connection.leave()
  const { send: _, ...deaf } = silent
  table.open(connection.current, deaf)
  clock.advance(HOUR)
  t.mock.timers.tick(250)
  await settled()
  assert.deepEqual([listening.closed, silent.closed], [[], ['expired']])
})

test('a connection does not extend a session past its absolute end', async (t) => {
  const { table, current, clock, authority } = await openTable(t, { sweepEveryMs: 250 })
  await authority.settings.set('profile.web.streamUses', true)
  const mine = ends()
  table.open(current, mine)
  for (let at = 0; at < 48; at++) {
    assert.deepEqual(mine.closed, [], String(at))
    clock.advance(30 * MINUTE)
    t.mock.timers.tick(250)
    await settled()
  }
  assert.deepEqual(mine.closed, ['expired'])
})

test('a check that is not possible cuts nothing', async (t) => {
  const { table, current, clock, tap } = await openTable(t, { sweepEveryMs: 250 })
  const mine = ends()
  const connection = table.open(current, mine)
  clock.advance(HOUR)
  tap.intercept('sessions.load', () => Promise.reject(new Error('gone')))
  t.mock.timers.tick(250)
  await settled()
  assert.equal(await connection.use(), false)
  assert.deepEqual(mine.closed, [])
})
