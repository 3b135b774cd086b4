import assert from 'node:assert/strict'
import { before, beforeEach, test } from 'node:test'
import { inspect } from 'node:util'
import { InvalidSessionError, SessionManager } from 'latchkey/adonis'
import { clock, Session, tokenOf, UuidSession } from './models.js'
import { bearer, contextOf, createSessionsTable, createUser, db, events, migrate, queriesOf } from './setup.js'

before(async () => {
  await migrate()
  await createSessionsTable('uuid_sessions', 'uuid', 'owner_id')
})
beforeEach(() => {
  clock.now = Date.now()
  events.length = 0
})

const refusal = { name: 'InvalidSessionError', code: 'E_INVALID_SESSION', status: 401, message: 'Not a valid session' }
const stored = (id: number) => db.from('sessions').where('id', id).first()
const tokenWith = (id: string, secret: string) =>
  `oat_${Buffer.from(id).toString('base64url')}.${Buffer.from(secret).toString('base64url')}`
const secretIn = (token: string) => Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()

test('the scheme may have any case; a token without a scheme is refused', async () => {
  const session = await Session.manager.create(await createUser())
  const token = tokenOf(session)
  for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
    const found = await Session.manager.authenticate(contextOf({ authorization: `${scheme} ${token}` }))
    assert.equal(found.id, session.id)
    await found.load('user')
    assert.equal(found.user.id, session.userId)
  }
  for (const authorization of [token, `Basic ${token}`, 'Bearer', 'Bearer ', `Bearer ${token} x`, `BearerX ${token}`, '']) {
    await assert.rejects(Session.manager.authenticate(contextOf({ authorization })), refusal, authorization)
  }
  await assert.rejects(Session.manager.authenticate(contextOf({})), refusal)
  assert.equal((await Session.manager.verify(token)).id, session.id)
})

test('asked twice in one request it makes one query, and again after a failure of the database', async () => {
  const session = await Session.manager.create(await createUser())
  await Session.manager.verify(tokenOf(session))
  const ctx = bearer(tokenOf(session))
  const made = await queriesOf(async () => {
    const [a, b] = await Promise.all([Session.manager.authenticate(ctx), Session.manager.authenticate(ctx)])
    assert.equal(a, b)
    assert.equal(await Session.manager.authenticate(ctx), a)
  })
  assert.equal(made.length, 1)

  const other = bearer(tokenOf(session))
  Session.table = 'not_there'
  await assert.rejects(Session.manager.authenticate(other), (error) => !(error instanceof InvalidSessionError))
  Session.table = 'sessions'
  assert.equal((await Session.manager.authenticate(other)).id, session.id)
})

test('a session that was ended in the same request is refused', async () => {
  const session = await Session.manager.create(await createUser())
  const ctx = bearer(tokenOf(session))
  const found = await Session.manager.authenticate(ctx)
  await found.delete()
  await assert.rejects(Session.manager.authenticate(ctx), refusal)
})

test('what is not a token, has a wrong checksum or an impossible id makes no query', async () => {
  const secret = secretIn(tokenOf(await Session.manager.create(await createUser())))
  const last = secret.at(-1) === '0' ? '1' : '0'
  const made = await queriesOf(async () => {
    for (const token of [
      '', 'oat_', 'oat_MQ', 'oat_MQ.', 'oat_.abc', 'xat_MQ.YWJj', 'oat_MQ.YWJj.ZGVm', 'oat_!!.YWJj', 'oat_MQ.%%%',
      'oat_M Q.YWJj', 'x'.repeat(100_000),
      tokenWith('1', secret.slice(0, -1) + last), tokenWith('1', 'abc'), tokenWith('1', '\0'),
      ...['1e0', '0x1', ' 1', '1 ', '01', '+1', '-1', '1.0', 'abc', '', '\0', '99999999999999', '2147483648', 'NaN',
        '1; drop table sessions', '١'].map((id) => tokenWith(id, secret)),
    ]) {
      await assert.rejects(Session.manager.authenticate(bearer(token)), refusal, token)
      await assert.rejects(Session.manager.verify(token), refusal, token)
    }
    await assert.rejects(Session.manager.verify(null as never), refusal)
  })
  assert.deepEqual(made, [])
})

test('an id that does not exist, and one of another type, are 401', async () => {
  const secret = secretIn(tokenOf(await Session.manager.create(await createUser())))
  await assert.rejects(Session.manager.verify(tokenWith('2147483647', secret)), refusal)
  const wide = new SessionManager(Session, { key: 'bigint' })
  await assert.rejects(wide.verify(tokenWith('9223372036854775808', secret)), refusal)
  const uuid = tokenWith('1', secret).replace('oat_', 'a+b_')
  await assert.rejects(UuidSession.manager.verify(uuid), refusal)
})

test('a wrong secret changes nothing in the row, and is not in the error', async () => {
  const user = await createUser()
  const [mine, other] = [await Session.manager.create(user), await Session.manager.create(user, { expiresIn: 1 })]
  const mixed = tokenWith(String(mine.id), secretIn(tokenOf(other)))
  const expired = tokenWith(String(other.id), secretIn(tokenOf(mine)))
  const before = [await stored(mine.id), await stored(other.id)]
  await assert.rejects(Session.manager.verify(mixed), (error) => {
    const text = inspect(error, { depth: 9, showHidden: true })
    return !text.includes(mixed) && !text.includes(secretIn(mixed)) && !JSON.stringify(error).includes('oat_')
  })
  clock.now += 5000
  await assert.rejects(Session.manager.verify(expired), refusal)
  assert.deepEqual([await stored(mine.id), await stored(other.id)], before)
})

test('a session is over at the instant of its expiry, and its row is removed', async () => {
  const session = await Session.manager.create(await createUser(), { expiresIn: 60 })
  clock.now = session.expiresAt!.toMillis() - 1
  await Session.manager.verify(tokenOf(session))
  clock.now += 1
  await assert.rejects(Session.manager.verify(tokenOf(session)), refusal)
  assert.ok(!(await stored(session.id)))
  assert.deepEqual(events.at(-1), ['session:ended', { sessionId: session.id, userId: session.userId, reason: 'expired' }])
  await assert.rejects(Session.manager.verify(tokenOf(session)), refusal)
})

test('usedAt is written at the first use and at most once a minute', async () => {
  const session = await Session.manager.create(await createUser())
  const verify = () => Session.manager.verify(tokenOf(session))
  const writes = async () => (await queriesOf(verify)).filter((sql) => /^update/i.test(sql)).length
  assert.equal(await writes(), 1)
  assert.equal((await verify()).usedAt?.toMillis() !== undefined, true)
  assert.equal(await writes(), 0)
  clock.now += 61_000
  assert.equal(await writes(), 1)
  assert.equal(await writes(), 0)
})

test('an idle session is over, a used one is not', async () => {
  const manager = new SessionManager(Session, { idle: '10m', now: () => clock.now })
  const user = await createUser()
  const [used, idle] = [await manager.create(user), await manager.create(user)]
  for (let minutes = 0; minutes < 15; minutes += 5) {
    clock.now += 300_000
    await manager.verify(tokenOf(used))
  }
  await assert.rejects(manager.verify(tokenOf(idle)), refusal)
  assert.deepEqual((await manager.list(user)).map(({ id }) => id), [used.id])
})

test('a session that is ended between the read and the write of its use is refused', async () => {
  const session = await Session.manager.create(await createUser())
  const query = Session.query
  // The row is removed by another connection right after it was read.
  Session.query = ((...args: Parameters<typeof query>) => {
    const builder = query.apply(Session, args)
    const first = builder.first.bind(builder)
    builder.first = async () => {
      const row = await first()
      await db.from('sessions').where('id', session.id).del()
      return row
    }
    return builder
  }) as typeof Session.query
  try {
    await assert.rejects(Session.manager.verify(tokenOf(session)), refusal)
  } finally {
    Session.query = query
  }
})

test('the token may come in a cookie, and a bearer token comes before it', async () => {
  const manager = new SessionManager(Session, { cookie: 'app_session', now: () => clock.now })
  const user = await createUser()
  const session = await manager.create(user, { expiresIn: '1h' })
  const response = contextOf({})
  manager.sendCookie(response, session)
  const header = String(response.response.getHeader('set-cookie'))
  assert.match(header, /^app_session=oat_[^;]+; Max-Age=3[56]\d\d; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  const cookie = header.split(';')[0] ?? ''
  assert.equal((await manager.authenticate(contextOf({ cookie }))).id, session.id)
  await assert.rejects(manager.authenticate(contextOf({ cookie, authorization: 'Bearer x' })), refusal)
  await assert.rejects(Session.manager.authenticate(contextOf({ cookie })), refusal)
  const out = contextOf({})
  manager.clearCookies(out)
  assert.match(String(out.response.getHeader('set-cookie')), /^app_session=; Max-Age=(?:0|-1); Path=\//)
  assert.throws(() => manager.sendCookie(out, session.merge({}) && Object.assign(session, { value: null })), { code: 'invalid_request' })
})

test('a refusal is rendered as the framework renders its own', async () => {
  const error = new InvalidSessionError('Not a valid session')
  const rendered = (accept: string) => {
    const ctx = contextOf({ accept })
    error.handle(error, ctx)
    assert.equal(ctx.response.getStatus(), 401)
    assert.equal(ctx.response.getHeader('www-authenticate'), 'Bearer')
    return ctx.response.getBody()
  }
  assert.deepEqual(rendered('application/json'), { errors: [{ message: 'Not a valid session' }] })
  assert.deepEqual(rendered('application/vnd.api+json'), { errors: [{ code: 'E_INVALID_SESSION', title: 'Not a valid session' }] })
  assert.equal(rendered('text/html'), 'Not a valid session')
})
