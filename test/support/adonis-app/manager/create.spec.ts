import assert from 'node:assert/strict'
import { before, beforeEach, test } from 'node:test'
import { inspect } from 'node:util'
import { SessionManager } from 'latchkey/adonis'
import { BigSession, clock, Session, tokenOf, UuidSession } from './models.js'
import { bearer, createSessionsTable, createUser, db, dialect, events, migrate, User } from './setup.js'

before(async () => {
  await migrate()
  await createSessionsTable('uuid_sessions', 'uuid', 'owner_id')
  await createSessionsTable('big_sessions', 'bigIncrements', 'owner_id')
})
beforeEach(() => {
  clock.now = Date.now()
  events.length = 0
})

const rows = () => db.from('sessions').select('*').orderBy('id')
const ids = async (user: User) =>
  (await db.from('sessions').where('user_id', user.id).orderBy('id')).map(({ id }) => id)

test('a new session has its token as a secret, typed columns and a hash that does not serialise', async () => {
  const user = await createUser()
  const session = await Session.manager.create(user)
  const userId: number = session.userId
  assert.equal(userId, user.id)
  assert.equal(session.expiresAt, null)
  assert.match(tokenOf(session), /^oat_[\w-]+\.[\w-]{86,100}$/)
  assert.equal(String(session.value), '[redacted]')
  assert.equal(String(session.secret), '[redacted]')
  assert.ok(!inspect(session, { depth: 9 }).includes(tokenOf(session)))
  assert.equal('hash' in session.serialize(), false)
  assert.equal('hash' in JSON.parse(JSON.stringify(await Session.findOrFail(session.id))), false)
  const stored = await db.from('sessions').where('id', session.id).firstOrFail()
  assert.match(stored.hash, /^[0-9a-f]{64}$/)
  assert.ok(!tokenOf(session).includes(stored.hash))
})

test('numbers are seconds and texts are durations; expiry is a whole second, never earlier', async () => {
  const user = await createUser()
  for (const [expiresIn, seconds] of [[60, 60], ['1h', 3600], ['1.5h', 5400], ['30 days', 2_592_000], ['500ms', 0.5]] as const) {
    const session = await Session.manager.create(user, { expiresIn })
    const expected = Math.ceil((clock.now + seconds * 1000) / 1000) * 1000
    assert.equal(session.expiresAt?.toMillis(), expected)
    assert.equal((await Session.findOrFail(session.id)).expiresAt?.toMillis(), expected)
  }
})

test('a bad duration is refused before anything is written', async () => {
  const user = await createUser()
  const before = await rows()
  for (const expiresIn of ['abc', '', '60', '-1h', -5, 0, Number.NaN, Number.POSITIVE_INFINITY, '1mo', '1e3s', 1e12, null, true, {}] as never[]) {
    await assert.rejects(Session.manager.create(user, { expiresIn }), { code: 'invalid_request' }, inspect(expiresIn))
  }
  assert.deepEqual(await rows(), before)
})

test('a user that is not saved, or was deleted, gets no session', async () => {
  const before = await rows()
  await assert.rejects(Session.manager.create(new User()), { code: 'invalid_request' })
  await assert.rejects(Session.manager.create(undefined as never), { code: 'invalid_request' })
  if (dialect === 'pg') {
    const user = await createUser()
    await user.delete()
    user.$isDeleted = false
    await assert.rejects(Session.manager.create(user), { code: 'not_found' })
  }
  assert.deepEqual(await rows(), before)
})

test('the fourth session of a user evicts the oldest, and expired ones do not count', async () => {
  const user = await createUser()
  const short = await Session.manager.create(user, { expiresIn: 10 })
  const made = [await Session.manager.create(user), await Session.manager.create(user)]
  clock.now += 11_000
  made.push(await Session.manager.create(user))
  assert.deepEqual(await ids(user), made.map(({ id }) => id))
  assert.ok(events.some(([name, data]) => name === 'session:ended' && data.sessionId === short.id && data.reason === 'expired'))
  // All made within one second: the tie is broken by id.
  made.push(await Session.manager.create(user))
  assert.deepEqual(await ids(user), made.slice(1).map(({ id }) => id))
  assert.deepEqual(events.at(-1), ['session:ended', { sessionId: made[0]?.id, userId: user.id, reason: 'evicted' }])
  await assert.rejects(Session.manager.authenticate(bearer(tokenOf(made[0] as Session))), { code: 'E_INVALID_SESSION' })
})

test('all surplus is evicted, that of a table of castle included', async () => {
  const user = await createUser()
  const many = new SessionManager(Session, { maxSessions: 9, now: () => clock.now })
  for (let each = 0; each < 9; each++) await many.create(user)
  await Session.manager.create(user)
  assert.equal((await ids(user)).length, 3)
})

test('the least recently used is evicted, or the new one refused, as the policy says', async () => {
  const user = await createUser()
  const options = { maxSessions: 2, now: () => clock.now }
  const lru = new SessionManager(Session, { ...options, onLimit: 'evict-least-recently-used' })
  const [first, second] = [await lru.create(user), await lru.create(user)]
  clock.now += 90_000
  await lru.authenticate(bearer(tokenOf(first)))
  const third = await lru.create(user)
  assert.deepEqual(await ids(user), [first.id, third.id])
  assert.notEqual(second.id, third.id)
  const strict = new SessionManager(Session, { ...options, onLimit: 'refuse' })
  await assert.rejects(strict.create(user), { code: 'E_SESSION_LIMIT', status: 409 })
  assert.deepEqual(await ids(user), [first.id, third.id])
})

test('50 concurrent creates leave exactly 3', async () => {
  const user = await createUser()
  const made = await Promise.all(Array.from({ length: 50 }, () => Session.manager.create(user)))
  assert.equal(new Set(made.map(({ id }) => id)).size, 50)
  const left = await ids(user)
  assert.equal(left.length, 3)
  const alive = made.filter(({ id }) => left.includes(id))
  for (const session of alive) await Session.manager.authenticate(bearer(tokenOf(session)))
  const ended = events.filter(([name]) => name === 'session:ended')
  assert.equal(ended.length, 47)
})

test("a caller's transaction is used, and neither committed nor rolled back for it", async () => {
  const user = await createUser()
  const trx = await db.transaction()
  const session = await Session.manager.create(user, { client: trx, expiresIn: '1h' })
  assert.equal(trx.isCompleted, false)
  assert.equal(events.length, 0)
  session.usedAt = session.createdAt
  await session.save()
  await trx.rollback()
  assert.deepEqual(await ids(user), [])
  assert.equal(events.length, 0)

  const kept = await db.transaction(async (client) => {
    await Session.manager.create(user, { client })
    await assert.rejects(Session.manager.create(user, { client, expiresIn: 'never' }))
    return await Session.manager.create(user, { client })
  })
  assert.deepEqual(events.map(([name]) => name), ['session:created', 'session:created'])
  assert.equal((await ids(user)).at(-1), kept.id)
  assert.equal((await ids(user)).length, 2)
})

test("what fails in a caller's transaction is undone, and the transaction goes on", async () => {
  const user = await createUser()
  const strict = new SessionManager(Session, { maxSessions: 1, onLimit: 'refuse', now: () => clock.now })
  await db.transaction(async (client) => {
    await strict.create(user, { client })
    await assert.rejects(strict.create(user, { client }), { code: 'E_SESSION_LIMIT' })
    await User.query({ client }).where('id', user.id).update({ email: 'goes-on@example.org' })
  })
  assert.equal((await ids(user)).length, 1)
  assert.equal((await User.findOrFail(user.id)).email, 'goes-on@example.org')
})

test('a key of another type than the manager expects is refused, with nothing written', async () => {
  const user = await createUser()
  const wrong = new SessionManager(UuidSession, { now: () => clock.now })
  await assert.rejects(wrong.create(user), { code: 'invalid_request', message: /key/ })
  assert.deepEqual(await db.from('uuid_sessions'), [])
})

test('uuid keys, an owner called ownerId and a prefix with a plus sign work', async () => {
  const user = await createUser()
  const session = await UuidSession.manager.create(user)
  assert.match(session.id, /^[0-9a-f-]{36}$/)
  assert.equal(session.ownerId, user.id)
  assert.ok(tokenOf(session).startsWith('a+b_'))
  assert.equal((await UuidSession.manager.authenticate(bearer(tokenOf(session)))).id, session.id)
})

test('bigint keys work, also beyond what a number holds exactly', async () => {
  const user = await createUser()
  const made = []
  for (let each = 0; each < 5; each++) made.push(await BigSession.manager.create(user))
  const listed = (await BigSession.manager.list(user)).map(({ id }) => String(id))
  assert.deepEqual(listed, made.slice(2).map(({ id }) => String(id)).reverse())
  const session = await BigSession.manager.verify(tokenOf(made[4] as BigSession))
  assert.equal(String(session.id), String(made[4]?.id))
  if (dialect === 'sqlite') return
  // Two ids that are one number in JavaScript.
  const [low, high] = ['9007199254740992', '9007199254740993']
  await db.from('big_sessions').where('id', String(made[3]?.id)).update({ id: low })
  await db.from('big_sessions').where('id', String(made[4]?.id)).update({ id: high })
  const encode = (id: string) => Buffer.from(id).toString('base64url')
  const token = tokenOf(made[4] as BigSession).split('.')[1]
  assert.equal((await BigSession.manager.verify(`oat_${encode(high)}.${token}`)).id, high)
  await assert.rejects(BigSession.manager.verify(`oat_${encode(low)}.${token}`), { code: 'E_INVALID_SESSION' })
})

test('a model without the columns of a session is named', async () => {
  const wrong = new SessionManager(User as never)
  await assert.rejects(wrong.list(await createUser()), { code: 'invalid_request', message: /User has no column/ })
})
