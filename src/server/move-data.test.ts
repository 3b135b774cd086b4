import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import pg from 'pg'
import { postgresMissing, startPostgres, type TestPostgres } from '../../test/support/postgres.ts'
import { createAuthority } from '../core/index.ts'
import { postgres } from '../stores/postgres/index.ts'
import { sqlite } from '../stores/sqlite/index.ts'
import { moveData } from './move-data.ts'

const skip = postgresMissing()
const folder = mkdtempSync(join(tmpdir(), 'latchkey-move-'))
let database: TestPostgres

before(async () => {
  if (skip === false) database = await startPostgres()
})
after(async () => {
  await database?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const sources = () => ({ flags: { database: database.url }, env: {}, folder })
const settings = { 'password.minLength': 1, 'password.blocklist': false }

test('a data folder is moved into a database, and no session ends', { skip }, async () => {
  const old = await createAuthority({ store: sqlite({ folder }), settings, pruneEveryMs: 0 })
  const registered = await old.actors.register({
    name: 'ada',
    email: 'ada@example.com',
    password: 'p',
  })
  assert.ok(registered.ok)
  const login = await old.login({ identity: 'ada', password: 'p', profile: 'device' })
  assert.ok(login.ok && login.renewal)
  const checked = await old.authenticate(login.token)
  assert.ok(checked.ok)
  await old.sessions.saveData(checked, { value: { cart: ['\0', 'ü'] } })
  const gone = await old.login({ identity: 'ada', password: 'p' })
  assert.ok(gone.ok)
  await old.sessions.end({ id: gone.session.id })
  await old.settings.set('session.freshMs', 120_000)
  await assert.rejects(moveData(folder, sources()), { code: 'conflict' })
  const before = await old.audit.list({ limit: 100 })
  await old.close()

  const moved = await moveData(folder, sources())
  assert.deepEqual([moved['sessions'], moved['actors'], moved['identities']], [2, 1, 2])

  const store = postgres({ url: database.url })
  const authority = await createAuthority({ store, settings, pruneEveryMs: 0 })
  const found = await authority.authenticate(login.token)
  assert.ok(found.ok)
  assert.deepEqual((await authority.sessions.findData(found)).value, { cart: ['\0', 'ü'] })
  const refused = await authority.authenticate(gone.token)
  assert.equal(!refused.ok && refused.code, 'session_revoked')
  assert.equal((await authority.renew(login.renewal)).ok, true)
  assert.equal((await authority.login({ identity: 'ada@example.com', password: 'p' })).ok, true)
  const taken = await authority.actors.register({ name: 'ada', password: 'p' })
  assert.equal(!taken.ok && taken.code, 'identity_taken')
  assert.equal(authority.settings.get('session.freshMs'), 120_000)
  const entries = await authority.audit.list({ limit: 100 })
  assert.deepEqual(
    entries.items.slice(-before.items.length).map(({ act, at }) => [act, at]),
    before.items.map(({ act, at }) => [act, at]),
  )
  await authority.close()
  await assert.rejects(moveData(folder, sources()), { code: 'conflict', message: /has data/ })
})

test('a move that was interrupted keeps servers away, and begins again', { skip }, async () => {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  await client.query(
    'CREATE TABLE latchkey.move_incomplete (at timestamptz NOT NULL DEFAULT now())',
  )
  await assert.rejects(postgres({ url: database.url }), {
    code: 'unavailable',
    message: 'The data was not moved completely. Run latchkey move again.',
  })
  assert.equal((await moveData(folder, sources()))['sessions'], 2)
  await (await postgres({ url: database.url })).close()
  await client.end()
})

test('a folder without data and a configuration without a database are refused', {
  skip,
}, async () => {
  await assert.rejects(moveData('/nowhere', sources()), { code: 'not_found' })
  await assert.rejects(moveData(folder, { flags: {}, env: {}, folder }), {
    code: 'invalid_request',
  })
})
