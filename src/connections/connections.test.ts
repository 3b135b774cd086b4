import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addActor,
  check,
  granted,
  logIn,
  settled,
  type TestNode,
} from '../../test/support/authority.ts'
import { ends, openTable } from '../../test/support/connections.ts'
import { OVERFLOW_EVENT } from './index.ts'

const revocations: Record<
  string,
  [string, (node: TestNode, owner: string, id: string) => unknown]
> = {
  'the end of its session': [
    'revoked',
    ({ authority }, _owner, id) => authority.sessions.end({ id }),
  ],
  'a suspension': ['suspended', ({ authority }, owner) => authority.actors.suspend(owner)],
  'a lock-all': ['locked', ({ authority }) => authority.sessions.lockAll()],
  'a password reset': [
    'password_changed',
    ({ authority }, actorId) =>
      authority.credentials.resetPassword({ actorId, next: 'another fine stone' }),
  ],
}

for (const [name, [reason, act]] of Object.entries(revocations)) {
  for (const where of ['this', 'another'] as const) {
    test(`${name} on ${where} node cuts every connection of it, once, with the reason`, async (t) => {
      const fixture = await openTable(t)
      const { table, current, ada, there } = fixture
      const [one, two] = [ends(), ends()]
      table.open(current, one)
      const gone = table.open(current, two)
      await settled()
      assert.equal(table.size, 2)
      await act(where === 'this' ? fixture : there, ada.id, current.session.id)
      await settled()
      assert.deepEqual([one.closed, two.closed, table.size], [[reason], [reason], 0])
      gone.leave()
      assert.equal(await gone.use(), false)
      await table.close()
      assert.deepEqual(two.closed, [reason])
    })
  }
}

test('a session whose end was not announced loses its connections when it is ended again', async (t) => {
  const { table, current, authority, tap } = await openTable(t)
  const mine = ends()
  table.open(current, mine)
  await settled()
  tap.intercept('sessions.end', async (proceed) => {
    await proceed()
    throw new Error('connection lost')
  })
  const request = { id: current.session.id }
  await assert.rejects(authority.sessions.end(request), { code: 'unavailable' })
  tap.intercept('sessions.end', null)
  await authority.sessions.end(request)
  await settled()
  assert.deepEqual(mine.closed, ['revoked'])
})

test('the end of one session leaves the connections of another', async (t) => {
  const { table, current, authority } = await openTable(t)
  const other = await logIn(authority, 'ada')
  const [mine, others] = [ends(), ends()]
  table.open(current, mine)
  table.open(await check(authority, other.token), others)
  await authority.sessions.end({ id: other.session.id })
  assert.deepEqual([mine.closed, others.closed], [[], ['revoked']])
})

test('a session that ended before its connection was opened cuts it all the same', async (t) => {
  const { table, current, authority } = await openTable(t)
  await authority.logout(current)
  const late = ends()
  table.open(current, late)
  await settled()
  assert.deepEqual(late.closed, ['logged_out'])
})

test('a revocation that a node missed cuts its connections, at the latest when it receives messages again', async (t) => {
  const { table, current, there, engine, raw, clock, restoreTimers } = await openTable(t)
  const mine = ends()
  table.open(current, mine)
  await settled()
  engine.hub.pause(raw.bus)
  clock.advance(1000)
  restoreTimers()
  await there.authority.sessions.end({ id: current.session.id })
  engine.hub.resume(raw.bus)
  await settled()
  assert.deepEqual(mine.closed, ['revoked'])
})

test('an actor that may no longer act loses its connections when the change arrives', async (t) => {
  const { table, current, authority, raw, ada } = await openTable(t)
  const mine = ends()
  table.open(current, mine)
  await raw.directory.update(ada.id, { status: 'suspended' })
  await authority.actors.changed(ada.id)
  await settled()
  assert.deepEqual(mine.closed, ['suspended'])
})

test('an impersonation whose role was taken away loses its connections', async (t) => {
  const { table, authority, ada } = await openTable(t)
  const sam = await addActor(authority, 'Sam', ['impersonate'])
  const parent = await check(authority, (await logIn(authority, 'sam')).token)
  const acting = granted(await authority.sessions.impersonate(parent, ada.id))
  const [own, other] = [ends(), ends()]
  table.open(parent, own)
  table.open(await check(authority, acting.token), other)
  await authority.actors.setRoles(sam.id, [])
  await settled()
  assert.deepEqual([own.closed, other.closed], [[], ['revoked']])
})

test('events reach every connection of every session of the actor, in the order sent', async (t) => {
  const { table, current, authority, ada, tap } = await openTable(t)
  const other = await check(authority, (await logIn(authority, 'ada')).token)
  const all = [ends(), ends(), ends()]
  for (const [at, each] of all.entries()) table.open(at === 0 ? other : current, each)
  // The first reading is slow: those behind it must not overtake.
  const held = tap.hold('sessions.list', 'before')
  const names = Array.from({ length: 20 }, (_, at) => `event ${at}`)
  const sending = names.map((name) => table.send(ada.id, { name }))
  await held.reached
  held.release()
  await Promise.all(sending)
  for (const { sent } of all) assert.deepEqual(sent, names)
})

test('a send that fails does not hold up those after it', async (t) => {
  const { table, current, ada, tap } = await openTable(t)
  const mine = ends()
  table.open(current, mine)
  tap.intercept('sessions.list', () => Promise.reject(new Error('gone')))
  await assert.rejects(table.send(ada.id, { name: 'lost' }), { code: 'unavailable' })
  tap.intercept('sessions.list', null)
  await table.send(ada.id, { name: 'kept' })
  assert.deepEqual(mine.sent, ['kept'])
})

test('events to one actor that are under way are bounded, and another is not held up', async (t) => {
  const { table, ada, tap } = await openTable(t)
  const held = tap.hold('sessions.list', 'before')
  const sending = Array.from({ length: 1000 }, () => table.send(ada.id, { name: 'n' }))
  await held.reached
  await assert.rejects(table.send(ada.id, { name: 'n' }), { code: 'busy' })
  await table.send('somebody else', { name: 'n' })
  held.release()
  await Promise.all(sending)
  await table.send(ada.id, { name: 'n' })
})

test('events wait for a session without a connection, and go to the first that is opened', async (t) => {
  const { table, current, ada } = await openTable(t)
  for (const name of ['a', 'b', 'c']) await table.send(ada.id, { name })
  const [first, second] = [ends(), ends()]
  table.open(current, first)
  table.open(current, second)
  await settled()
  await table.send(ada.id, { name: 'd' })
  assert.deepEqual([first.sent, second.sent], [['a', 'b', 'c', 'd'], ['d']])
})

test('a mailbox keeps the latest events and tells how many were lost', async (t) => {
  const { table, current, ada } = await openTable(t, { mailbox: { maxEvents: 2 } })
  for (const name of ['a', 'b', 'c']) await table.send(ada.id, { name })
  const mine = ends()
  table.open(current, mine)
  await settled()
  assert.deepEqual(mine.sent, [OVERFLOW_EVENT, 'b', 'c'])
})

test('events reach the connections of a session on another node, in order, and only once', async (t) => {
  const fixture = await openTable(t)
  const { table, there, ada, login } = fixture
  const other = fixture.connect(there)
  const [here, far] = [ends(), ends()]
  table.open(fixture.current, here)
  other.open(await check(there.authority, login.token), far)
  await settled()
  const names = Array.from({ length: 20 }, (_, at) => `event ${at}`)
  await Promise.all(names.map((name) => table.send(ada.id, { name })))
  assert.deepEqual([here.sent, far.sent], [names, names])
  table.broadcast({ name: 'all' })
  await settled()
  assert.deepEqual([here.sent.at(-1), far.sent.at(-1)], ['all', 'all'])
})

test('what waits for a session is read on whichever node it connects to', async (t) => {
  const fixture = await openTable(t)
  const { table, there, ada, login } = fixture
  for (const name of ['a', 'b']) await table.send(ada.id, { name })
  const far = ends()
  fixture.connect(there).open(await check(there.authority, login.token), far)
  await settled()
  await table.send(ada.id, { name: 'c' })
  assert.deepEqual(far.sent, ['a', 'b', 'c'])
})

test('events that were not confirmed when the client disconnected wait for its next connection', async (t) => {
  const { table, current } = await openTable(t)
  const unconfirmed = () => [{ name: 'unread' }]
  const first = table.open(current, { ...ends(), unconfirmed })
  await first.ready
  first.leave()
  await settled()
  const next = ends()
  table.open(current, next)
  await settled()
  assert.deepEqual(next.sent, ['unread'])
})

test('events that were not confirmed when the process closed are in the mailbox once close() resolves', async (t) => {
  const { table, current, authority } = await openTable(t)
  const unconfirmed = () => [{ name: 'a' }, { name: 'b' }]
  table.open(current, { ...ends(), unconfirmed })
  table.open(current, ends())
  await table.close()
  const { events } = await authority.events.take(current.session.id)
  assert.deepEqual(
    events.map(({ name }) => name),
    ['a', 'b'],
  )
})

test('events that were not confirmed when the session ended are dropped', async (t) => {
  const { table, current, authority } = await openTable(t)
  table.open(current, { ...ends(), unconfirmed: () => [{ name: 'a' }] })
  await authority.logout(current)
  await table.close()
  assert.deepEqual((await authority.events.take(current.session.id)).events, [])
})

test('what waits for a session ends with it', async (t) => {
  const { table, current, authority, ada } = await openTable(t)
  await table.send(ada.id, { name: 'secret' })
  await authority.logout(current)
  const late = ends()
  table.open(current, late)
  assert.deepEqual(late.sent, [])
})

test('an impersonation of the actor receives nothing, and neither does another actor', async (t) => {
  const { table, current, authority, ada } = await openTable(t)
  const sam = await addActor(authority, 'Sam', ['impersonate'])
  const parent = await check(authority, (await logIn(authority, 'sam')).token)
  const acting = granted(await authority.sessions.impersonate(parent, ada.id))
  const [mine, sams, acted] = [ends(), ends(), ends()]
  table.open(current, mine)
  table.open(parent, sams)
  table.open(await check(authority, acting.token), acted)
  await table.send(ada.id, { name: 'hello' })
  await table.send(sam.id, { name: 'for Sam' })
  assert.deepEqual([mine.sent, sams.sent, acted.sent], [['hello'], ['for Sam'], []])
})

test('a connection whose functions throw is cut, and affects no other', async (t) => {
  const { table, current, ada, authority, told } = await openTable(t)
  const broken = ends()
  const tries: string[] = []
  const bad = {
    door: 'test',
    send: ({ name }: { name: string }) => {
      tries.push(name)
      throw new Error('broken pipe')
    },
    close: (reason: string) => {
      broken.closed.push(reason)
      throw new Error('broken too')
    },
  }
  for (const name of ['a', 'b']) await table.send(ada.id, { name })
  table.open(current, bad)
  await settled()
  assert.deepEqual([tries, broken.closed], [['a'], ['send_failed']])
  table.open(current, bad)
  const [before, after] = [ends(), ends()]
  table.open(current, before)
  table.open(current, bad)
  table.open(current, after)
  await table.send(ada.id, { name: 'c' })
  assert.deepEqual([before.sent, after.sent, table.size], [['c'], ['c'], 2])
  table.open(current, { ...bad, send: () => {} })
  await authority.logout(current)
  assert.deepEqual([before.closed, after.closed], [['logged_out'], ['logged_out']])
  assert.ok(told.length > 0)
})

test('closing the table closes every connection, and it receives nothing after that', async (t) => {
  const { table, current, authority } = await openTable(t)
  const mine = ends()
  table.open(current, mine)
  await table.close('bye')
  await table.close()
  await authority.logout(current)
  assert.deepEqual([mine.closed, table.size], [['bye'], 0])
})

test('a client that disconnected is sent nothing more', async (t) => {
  const { table, current, authority, ada } = await openTable(t)
  const mine = ends()
  const connection = table.open(current, mine)
  assert.deepEqual(
    table.list(ada.id).map(({ id }) => id),
    [connection.id],
  )
  connection.leave()
  connection.leave()
  await authority.logout(current)
  assert.deepEqual([mine.closed, table.size, table.list(ada.id)], [[], 0, []])
})
