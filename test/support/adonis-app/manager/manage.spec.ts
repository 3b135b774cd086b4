import assert from 'node:assert/strict'
import { before, beforeEach, test } from 'node:test'
import { SessionManager } from 'latchkey/adonis'
import { clock, Session, tokenOf } from './models.js'
import { createUser, db, events, migrate } from './setup.js'

before(migrate)
beforeEach(() => {
  clock.now = Date.now()
  events.length = 0
})

const refusal = { code: 'E_INVALID_SESSION' }

test('list has the live sessions of one user, newest first', async () => {
  const user = await createUser()
  await Session.manager.create(await createUser())
  const short = await Session.manager.create(user, { expiresIn: 1 })
  const [a, b] = [await Session.manager.create(user), await Session.manager.create(user)]
  assert.deepEqual((await Session.manager.list(user)).map(({ id }) => id), [b.id, a.id, short.id])
  clock.now += 3000
  assert.deepEqual((await Session.manager.list(user)).map(({ id }) => id), [b.id, a.id])
})

test('revoke ends one, revokeOthers the others, revokeAll all', async () => {
  const user = await createUser()
  const other = await Session.manager.create(await createUser())
  const [a, b, c] = [await Session.manager.create(user), await Session.manager.create(user), await Session.manager.create(user)]
  assert.equal(await Session.manager.revoke(a), true)
  assert.equal(await Session.manager.revoke(a), false)
  await assert.rejects(Session.manager.verify(tokenOf(a)), refusal)
  assert.equal(await Session.manager.revokeOthers(b), 1)
  await assert.rejects(Session.manager.verify(tokenOf(c)), refusal)
  await Session.manager.verify(tokenOf(b))
  assert.equal(await Session.manager.revokeAll(user), 1)
  assert.equal(await Session.manager.revokeAll(user), 0)
  await assert.rejects(Session.manager.verify(tokenOf(b)), refusal)
  await Session.manager.verify(tokenOf(other))
  const ended = events.filter(([name]) => name === 'session:ended').map(([, data]) => data)
  assert.deepEqual(ended, [a, c, b].map(({ id }) => ({ sessionId: id, userId: user.id, reason: 'revoked' })))
})

test('a revocation in a transaction that is rolled back has not happened', async () => {
  const user = await createUser()
  const session = await Session.manager.create(user)
  const trx = await db.transaction()
  assert.equal(await Session.manager.revokeAll(user, { client: trx }), 1)
  await trx.rollback()
  await Session.manager.verify(tokenOf(session))
  assert.deepEqual(events.map(([name]) => name), ['session:created'])
})

test('renew gives a new token and life, and the old token is refused at once', async () => {
  const session = await Session.manager.create(await createUser(), { expiresIn: 60 })
  const [old, id] = [tokenOf(session), session.id]
  clock.now += 30_000
  const again = await Session.manager.verify(old)
  const renewed = await Session.manager.renew(again, { expiresIn: 60 })
  assert.equal(renewed.id, id)
  await assert.rejects(Session.manager.verify(old), refusal)
  clock.now += 40_000
  assert.equal((await Session.manager.verify(tokenOf(renewed))).id, id)
  // Another copy of the row has the old secret: of two renewals one wins.
  await assert.rejects(Session.manager.renew(session), refusal)
  clock.now += 30_000
  await assert.rejects(Session.manager.renew(renewed), refusal)
  await assert.rejects(Session.manager.renew(renewed, { expiresIn: 'x' }), { code: 'invalid_request' })
})

test('renewed without a duration, a session keeps its expiry', async () => {
  const user = await createUser()
  const [short, endless] = [await Session.manager.create(user, { expiresIn: 60 }), await Session.manager.create(user)]
  const expiry = short.expiresAt?.toMillis()
  assert.equal((await Session.manager.renew(short)).expiresAt?.toMillis(), expiry)
  assert.equal((await Session.findOrFail(short.id)).expiresAt?.toMillis(), expiry)
  assert.equal((await Session.manager.renew(endless)).expiresAt, null)
  const daily = new SessionManager(Session, { expiresIn: '1d', now: () => clock.now })
  assert.equal((await daily.renew(short)).expiresAt?.toMillis(), Math.ceil((clock.now + 86_400_000) / 1000) * 1000)
})

test('of many renewals at once exactly one wins', async () => {
  const session = await Session.manager.create(await createUser())
  const copies = await Promise.all(Array.from({ length: 10 }, () => Session.findOrFail(session.id)))
  const outcomes = await Promise.allSettled(copies.map((copy) => Session.manager.renew(copy)))
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
})

test('prune removes what is over, in batches, and tells how far it is', async () => {
  await db.from('sessions').del()
  const [user, other] = [await createUser(), await createUser()]
  const many = new SessionManager(Session, { maxSessions: 100, now: () => clock.now })
  for (let each = 0; each < 7; each++) await many.create(user, { expiresIn: 10 })
  await many.create(other)
  const lived = await many.create(other, { expiresIn: '1d' })
  clock.now += 11_000
  const progress: number[] = []
  assert.equal(await many.prune({ batch: 3, onProgress: (removed) => progress.push(removed) }), 7)
  assert.deepEqual(progress, [3, 6, 7])
  assert.equal(await many.prune(), 0)
  const idle = new SessionManager(Session, { idle: '1h', now: () => clock.now })
  await idle.verify(tokenOf(lived))
  clock.now += 3_600_000 - 2000
  assert.equal(await idle.prune(), 1)
  clock.now += 3000
  assert.equal(await idle.prune(), 1)
  assert.equal(events.filter(([name, data]) => name === 'session:ended' && data.reason === 'expired').length, 9)
  await assert.rejects(many.prune({ batch: 0 }), { code: 'invalid_request' })
  await assert.rejects(many.prune({ signal: AbortSignal.abort() }), { name: 'AbortError' })
})
