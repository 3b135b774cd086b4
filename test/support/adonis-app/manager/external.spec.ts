import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, test } from 'node:test'
import { type Actor, createAuthority } from 'latchkey'
import { createAdonisCodec, createExternalSessions } from 'latchkey/adonis'
import { createHandler } from 'latchkey/doors/http'
import { memory } from 'latchkey/stores/memory'
import pg from 'pg'
import { clock, Session, tokenOf } from './models.js'
import { createUser, db, dialect, migrate, schema } from './setup.js'

const skip = dialect === 'pg' ? false : 'external sessions are in PostgreSQL'
const pool = new pg.Pool({
  connectionString: process.env['DATABASE_URL'],
  options: `-c search_path=${schema}`,
})
const query = async (text: string, values: readonly unknown[]) =>
  (await pool.query(text, [...values])).rows
const external = createExternalSessions({ query })
const codec = createAdonisCodec()

before(migrate)
after(() => pool.end())

test('a token of the application is found by its codec, and its hash is that of its secret', { skip }, async () => {
  clock.now = Date.now()
  const session = await Session.manager.create(await createUser(), { expiresIn: '1h' })
  const parsed = codec.parse(tokenOf(session))
  assert.equal(codec.name, external.format)
  assert.equal(parsed?.id, String(session.id))
  const record = await external.find(parsed?.id ?? '')
  assert.equal(record?.owner, String(session.userId))
  assert.equal(record?.tokenHash, createHash('sha256').update(parsed?.secret ?? '').digest('base64url'))
  assert.equal(record?.endsAt, session.expiresAt?.toMillis())
  assert.equal(record?.createdAt, clock.now)
  assert.equal(record?.lastUsedAt, clock.now)
})

test('what is not an id is not found, and makes no query', { skip }, async () => {
  const asked = createExternalSessions({ query: () => Promise.reject(new Error('asked')) })
  for (const id of ['1e0', ' 1', 'abc', '99999999999999', '', '01', 'ABCDEFGHIJKLMNOPQRSTUVWXY']) {
    assert.equal(await asked.find(id), null)
    assert.equal(await asked.end(id, { now: 0, reason: 'revoked' }), null)
    assert.deepEqual(await asked.listByOwner(id, 0), [])
    await asked.touch(id, 0)
  }
  assert.equal(await external.find('2147483647'), null)
})

test('a touch is written at most once a minute, and revives nothing', { skip }, async () => {
  clock.now = Date.now()
  const session = await Session.manager.create(await createUser(), { expiresIn: 100 })
  const id = String(session.id)
  const used = async () => (await external.find(id))?.usedAt
  await external.touch(id, clock.now + 1000)
  assert.equal(await used(), clock.now + 1000)
  await external.touch(id, clock.now + 2000)
  await external.touch(id, clock.now - 2000)
  assert.equal(await used(), clock.now + 1000)
  await external.touch(id, clock.now + 61_000)
  assert.equal(await used(), clock.now + 61_000)
  await external.touch(id, clock.now + 200_000)
  assert.equal(await used(), clock.now + 61_000)
})

test('a session that is ended here is refused in the application', { skip }, async () => {
  clock.now = Date.now()
  const session = await Session.manager.create(await createUser())
  const id = String(session.id)
  const ending = { now: clock.now, reason: 'revoked' }
  assert.deepEqual(await external.end(id, ending), { id, owner: String(session.userId), reason: 'revoked' })
  assert.equal(await external.end(id, ending), null)
  await assert.rejects(Session.manager.verify(tokenOf(session)), { code: 'E_INVALID_SESSION' })
})

test('the list has the live sessions of one user, newest first', { skip }, async () => {
  clock.now = Date.now()
  const [user, other] = [await createUser(), await createUser()]
  await Session.manager.create(other)
  const made = [await Session.manager.create(user, { expiresIn: 10 }), await Session.manager.create(user), await Session.manager.create(user)]
  const list = async (now: number, source = external) =>
    (await source.listByOwner(String(user.id), now)).map(({ id }) => Number(id))
  assert.deepEqual(await list(clock.now), made.map(({ id }) => id).reverse())
  assert.deepEqual(await list(clock.now + 11_000), made.slice(1).map(({ id }) => id).reverse())
  const idle = createExternalSessions({ query, idle: '1h' })
  assert.deepEqual(await list(clock.now + 3_599_000, idle), made.slice(1).map(({ id }) => id).reverse())
  assert.deepEqual(await list(clock.now + 3_601_000, idle), [])
  assert.deepEqual(await external.listByOwner('a1b2', clock.now), [])
})

test('other tables and columns are named by options', { skip }, async () => {
  await db.rawQuery('create table "odd ""name" (id uuid primary key, "Owner" text, hash text, created_at timestamptz, used_at timestamptz, expires_at timestamptz)')
  const id = '0b5d9f0e-1111-4222-8333-444455556666'
  await db.rawQuery('insert into "odd ""name" values (?, ?, ?, now(), null, null)', [id, 'ada', '00'])
  const source = createExternalSessions({ query, table: 'odd "name', owner: 'Owner', key: 'uuid', ownerKey: 'string' })
  assert.equal((await source.find(id))?.owner, 'ada')
  assert.equal((await source.find(id.toUpperCase())), null)
  assert.equal((await source.listByOwner('ada', Date.now() + 5000)).length, 1)
})

test('an authority beside the application accepts its token over HTTP, lists it and ends it', { skip }, async () => {
  clock.now = Date.now()
  const user = await createUser()
  const session = await Session.manager.create(user)
  const actor: Actor = {
    ...{ id: String(user.id), name: 'ada', roles: ['user'], identities: [] },
    ...{ status: 'active', anonymous: false, createdAt: 0 },
  }
  const authority = await createAuthority({
    store: memory(),
    directory: {
      find: async (id: string) => (id === actor.id ? { actor, passwordHash: null } : null),
      findByIdentity: async () => null,
    },
    codecs: [codec],
    externalSessions: [external],
  })
  const handler = createHandler(authority)
  const ask = (method: string, path: string) =>
    handler(
      new Request(`http://127.0.0.1${path}`, {
        method,
        headers: { authorization: `Bearer ${tokenOf(session)}` },
      })
    )
  const who = await ask('GET', '/v1/session')
  assert.equal(who.status, 200)
  assert.equal(((await who.json()) as { actor: { id: string } }).actor.id, actor.id)
  const { sessions } = (await (await ask('GET', '/v1/sessions')).json()) as {
    sessions: { id: string; current: boolean }[]
  }
  assert.deepEqual(
    sessions.map(({ id, current }) => [id, current]),
    [[String(session.id), true]]
  )
  assert.equal((await ask('DELETE', '/v1/session')).status, 204)
  assert.equal((await ask('GET', '/v1/session')).status, 401)
  await assert.rejects(Session.manager.verify(tokenOf(session)), { code: 'E_INVALID_SESSION' })
  await authority.close()
})
