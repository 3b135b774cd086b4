import { createHash } from 'node:crypto'
import MovingSession from '#models/moving_session'
import User from '#models/user'
import db from '@adonisjs/lucid/services/db'
import { test } from '@japa/runner'
import { accessTokens, SessionManager } from 'latchkey/adonis'
import { DateTime } from 'luxon'
import { createUser } from './users.js'

const sessionsOf = (user: User) => MovingSession.query().where('userId', user.id)
const accessTokensOf = (user: User) => db.from('auth_access_tokens').where('tokenable_id', user.id)
const rememberTokensOf = (user: User) => db.from('remember_me_tokens').where('tokenable_id', user.id)

async function accessToken(user: User, abilities?: string[], expiresIn?: number): Promise<string> {
  const token = await User.accessTokens.create(user, abilities, expiresIn ? { expiresIn } : {})
  return token.value?.release() ?? ''
}

test.group('moving from access tokens', () => {
  test('an access token becomes a session at its first use, and stays the same text', async ({ client, assert }) => {
    const user = await createUser()
    const token = await accessToken(user, ['*'], 3600)
    for (const _ of [1, 2, 3]) {
      const me = await client.get('/moving/me').bearerToken(token)
      me.assertStatus(200)
      assert.equal(me.body().userId, user.id)
    }
    assert.lengthOf(await sessionsOf(user), 1)
    assert.lengthOf(await accessTokensOf(user), 0)
    const [session] = await sessionsOf(user)
    assert.closeTo(session?.expiresAt?.toMillis() ?? 0, Date.now() + 3_600_000, 5000)
    assert.deepEqual((await client.delete('/moving/session').bearerToken(token)).body(), { ended: true })
    ;(await client.get('/moving/me').bearerToken(token)).assertStatus(401)
  })

  test('many requests at once make one session', async ({ client, assert }) => {
    const user = await createUser()
    const token = await accessToken(user)
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => client.get('/moving/me').bearerToken(token)),
    )
    for (const answer of answers) answer.assertStatus(200)
    assert.lengthOf(await sessionsOf(user), 1)
  })

  test('more tokens than sessions are allowed stay logged in', async ({ client, assert }) => {
    const user = await createUser()
    const tokens = await Promise.all(Array.from({ length: 6 }, () => accessToken(user)))
    for (const token of tokens) (await client.get('/moving/me').bearerToken(token)).assertStatus(200)
    for (const token of tokens) (await client.get('/moving/me').bearerToken(token)).assertStatus(200)
    assert.lengthOf(await sessionsOf(user), 6)
  })

  test('a token with fewer rights, an expired one and one with a wrong secret are refused and stay', async ({ client, assert }) => {
    const user = await createUser()
    const narrow = await accessToken(user, ['read'])
    const expired = await accessToken(user, ['*'], 3600)
    const past = db.connection().dialect.name === 'postgres' ? new Date(0) : 0
    await db.from('auth_access_tokens').orderBy('id', 'desc').where('abilities', '["*"]').where('tokenable_id', user.id).update({ expires_at: past })
    const other = await accessToken(user)
    const [id] = narrow.split('.')
    const before = await accessTokensOf(user)
    for (const token of [narrow, expired, `${id}.${other.split('.')[1]}`]) {
      ;(await client.get('/moving/me').bearerToken(token)).assertStatus(401)
    }
    assert.deepEqual(await accessTokensOf(user), before)
    assert.lengthOf(await sessionsOf(user), 0)
  })

  test('an old token is used now, so it is not idle', async ({ assert }) => {
    const user = await createUser()
    const token = await accessToken(user)
    const old = Date.now() - 90 * 86_400_000
    const createdAt = db.connection().dialect.name === 'postgres' ? new Date(old) : old
    await accessTokensOf(user).update({ created_at: createdAt })
    const manager = new SessionManager(MovingSession, { idle: '1h', accept: [accessTokens()] })
    const session = await manager.verify(token)
    assert.closeTo(session.createdAt.toMillis(), old, 1000)
    assert.equal((await manager.verify(token)).id, session.id)
  })

  test('the vectors of the real classes verify', async ({ assert }) => {
    const user = await createUser()
    const long = 'The-quick_brown-fox_jumps-over_the-lazy-dog0123456789ABCDEFGHIJK'
    const vectors = [
      ['auth_access_tokens', 900_001, 'a'.repeat(40), '3378219557'],
      ['sessions', 900_042, long, '3919222236'],
    ] as const
    for (const [table, id, seed, crc] of vectors) {
      const hash = createHash('sha256').update(seed + crc).digest('hex')
      const created = table === 'sessions' ? DateTime.now().toFormat(db.connection().dialect.dateTimeFormat) : new Date()
      const more = table === 'sessions' ? { user_id: user.id } : { tokenable_id: user.id, type: 'auth_token', abilities: '["*"]' }
      await db.table(table).insert({ id, hash, created_at: created, updated_at: created, ...more })
      const encode = (text: string) => Buffer.from(text).toString('base64url')
      const session = await MovingSession.manager.verify(`oat_${encode(String(id))}.${encode(seed + crc)}`)
      assert.equal(session.userId, user.id)
    }
  })
})

test.group('moving from remember-me tokens', () => {
  test('the cookie becomes a session; logging out removes both', async ({ client, assert }) => {
    const user = await createUser()
    const login = await client.post('/web/login').json({ userId: user.id })
    login.assertStatus(200)
    assert.lengthOf(await rememberTokensOf(user), 1)
    const remember = String(login.cookie('remember_web')?.value)
    const me = await client.get('/moving/me').withEncryptedCookie('remember_web', remember)
    me.assertStatus(200)
    assert.equal(me.body().userId, user.id)
    assert.lengthOf(await rememberTokensOf(user), 0)
    assert.lengthOf(await sessionsOf(user), 1)
    const again = await client.get('/moving/me').withEncryptedCookie('remember_web', remember)
    assert.equal(again.body().sessionId, me.body().sessionId)
    const out = await client.delete('/moving/session').withEncryptedCookie('remember_web', remember)
    assert.deepEqual(out.body(), { ended: true })
    assert.equal(out.cookie('remember_web')?.maxAge, 0)
    ;(await client.get('/moving/me').withEncryptedCookie('remember_web', remember)).assertStatus(401)
  })

  test('the vector of the real class verifies, and only from its cookie', async ({ client, assert }) => {
    const user = await createUser()
    const hash = 'd5ad7e71d189c13ce2b07e30203c8cc7cfdb0d86c4844467deaf4a7511532bd8'
    await db.table('remember_me_tokens').insert({
      id: 5, tokenable_id: user.id, hash, created_at: new Date(), updated_at: new Date(), expires_at: new Date(Date.now() + 60_000),
    })
    const token = 'NQ.UlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUlJSUg'
    ;(await client.get('/moving/me').bearerToken(token)).assertStatus(401)
    const me = await client.get('/moving/me').withEncryptedCookie('remember_web', token)
    assert.equal(me.body().userId, user.id)
  })
})
