import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import {
  postgresMissing,
  startPostgres,
  type TestPostgres,
} from '../../../test/support/postgres.ts'
import type { Store } from '../../core/ports/index.ts'
import { conditions, START, sessionRecord } from '../../testing/index.ts'
import { type PostgresOptions, postgres } from './index.ts'
import { migrate } from './migrations.ts'

const skip = postgresMissing()
let server: TestPostgres
let control: pg.Client

before(async () => {
  if (skip !== false) return
  server = await startPostgres()
  control = new pg.Client({ connectionString: server.url })
  await control.connect()
})
/** Opens a store that is closed at the end of the test. */
let opened: Store[] = []
async function open(options: Partial<PostgresOptions> = {}): Promise<Store> {
  const store = await postgres({ url: server.url, ...options })
  opened.push(store)
  return store
}

afterEach(async () => {
  for (const store of opened) await store.close()
  opened = []
})
after(async () => {
  await control?.end()
  await server?.stop()
})

const unavailable = { code: 'unavailable' }

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 5000
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, what)
    await pause(10)
  }
}

/** Waits until a query of the control connection finds a row. */
async function rowOf(sql: string): Promise<Record<string, unknown>> {
  const deadline = performance.now() + 5000
  for (;;) {
    const { rows } = await control.query(sql)
    if (rows.length > 0) return rows[0]
    assert.ok(performance.now() < deadline, `no row: ${sql}`)
    await pause(5)
  }
}

test('a call on a locked row ends at its deadline, and its connection is not used again', {
  skip,
}, async () => {
  const store = await open({ deadlineMs: 300, maxConnections: 2 })
  const record = sessionRecord()
  await store.sessions.create(record, conditions())
  await control.query('BEGIN')
  await control.query('SELECT 1 FROM latchkey.sessions FOR UPDATE')
  const started = performance.now()
  const calls = Array.from({ length: 4 }, () =>
    assert.rejects(store.sessions.markUsed(record.id, 1, START), unavailable),
  )
  await Promise.all(calls)
  assert.ok(performance.now() - started < 1000)
  await control.query('ROLLBACK')
  assert.equal(await store.sessions.markUsed(record.id, 1, START), true)
})

test('calls beyond the queue are refused as busy', { skip }, async () => {
  const store = await open({ maxConnections: 1, maxWaiting: 2 })
  const results = await Promise.allSettled(
    Array.from({ length: 10 }, () => store.sessions.find('x')),
  )
  const refused = results.filter(({ status }) => status === 'rejected')
  assert.ok(refused.length > 0)
  for (const result of refused) {
    assert.equal(result.status === 'rejected' && result.reason.code, 'busy')
  }
})

test('reads survive the loss of their connections, and a write that loses its own is unavailable', {
  skip,
}, async () => {
  const store = await open()
  const ended = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1'
  await Promise.all(Array.from({ length: 5 }, () => store.sessions.find('x')))
  await control.query(ended, ['latchkey'])
  assert.equal(await store.sessions.find('x'), null)
  const record = sessionRecord()
  const writer = await open({ maxConnections: 1 })
  await writer.sessions.create(record, conditions())
  await control.query('BEGIN')
  await control.query('SELECT 1 FROM latchkey.sessions FOR UPDATE')
  const writing = assert.rejects(writer.sessions.markUsed(record.id, 1, START), unavailable)
  await rowOf("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
  await control.query(ended, ['latchkey'])
  await writing
  await control.query('ROLLBACK')
  // The pool removes each idle connection when it receives its end.
  const deadline = performance.now() + 2000
  while (!(await writer.sessions.markUsed(record.id, 1, START).catch(() => false))) {
    assert.ok(performance.now() < deadline, 'the store does not heal')
  }
})

test('a commit whose wait for the standbys was cancelled is unavailable, though it may stand', {
  skip,
}, async () => {
  const store = await open()
  await control.query("ALTER SYSTEM SET synchronous_standby_names = 'nowhere'")
  await control.query('SELECT pg_reload_conf()')
  await rowOf("SELECT 1 WHERE current_setting('synchronous_standby_names') = 'nowhere'")
  const record = sessionRecord()
  const refused = assert.rejects(store.sessions.create(record, conditions()), {
    code: 'unavailable',
    message: /standby/,
  })
  const { pid } = await rowOf(
    "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND query = 'COMMIT'",
  )
  await control.query('SELECT pg_cancel_backend($1)', [pid])
  await refused
  await control.query('ALTER SYSTEM RESET synchronous_standby_names')
  await control.query('SELECT pg_reload_conf()')
  assert.notEqual(await store.sessions.find(record.id), null)
})

test('a read-only database answers reads, and writes are unavailable until it ends', {
  skip,
}, async () => {
  const store = await open()
  const record = sessionRecord()
  await store.sessions.create(record, conditions())
  await control.query('ALTER SYSTEM SET default_transaction_read_only = on')
  await control.query('SELECT pg_reload_conf()')
  const refused = () =>
    store.sessions.touch([{ id: 'x', lastUsedAt: 1 }]).then(
      () => false,
      () => true,
    )
  await until(refused, 'it still writes')
  await assert.rejects(store.sessions.create(sessionRecord(), conditions()), unavailable)
  assert.deepEqual(await store.sessions.find(record.id), record)
  await until(() => !store.bus.isTrusted(), 'it trusts its cache without heartbeats')
  await control.query('SET default_transaction_read_only = off')
  await control.query('ALTER SYSTEM RESET default_transaction_read_only')
  await control.query('SELECT pg_reload_conf()')
  await until(async () => !(await refused()), 'it does not heal')
  await until(() => store.bus.isTrusted(), 'it does not trust its cache again')
})

test('a serialization failure is tried again', { skip }, async () => {
  await control.query("ALTER DATABASE postgres SET default_transaction_isolation = 'serializable'")
  const store = await open()
  const saved = await Promise.all(
    Array.from({ length: 10 }, () => store.documents.save('counter', 'x', { now: START })),
  )
  assert.deepEqual(
    saved.toSorted((a, b) => Number(a) - Number(b)),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  )
  await control.query('ALTER DATABASE postgres RESET default_transaction_isolation')
})

test('nodes that start at once migrate once, and a later schema is refused with one line', {
  skip,
}, async () => {
  const schema = 'fresh'
  const stores = await Promise.all(
    Array.from({ length: 3 }, () => postgres({ url: server.url, schema })),
  )
  for (const store of stores) await store.close()
  assert.equal(await migrate(control as never, schema), 0)
  await control.query('UPDATE fresh.schema_version SET version = version + 1')
  await assert.rejects(postgres({ url: server.url, schema }), {
    code: 'unavailable',
    message:
      /^The database has schema version \d+; this release reads up to \d+\. Use a newer release\.$/,
  })
})

test('a pool of the application is used, its types are kept, and it is not ended', {
  skip,
}, async () => {
  const pool = new pg.Pool({ connectionString: server.url })
  const store = await postgres({ pool, schema: 'borrowed' })
  const record = sessionRecord()
  await store.sessions.create(record, conditions())
  assert.deepEqual(await store.sessions.find(record.id), record)
  await store.close()
  const { rows } = await pool.query('SELECT 1::bigint AS one')
  assert.deepEqual(rows, [{ one: '1' }])
  await pool.end()
})

test('a pooled connection keeps no state, so that a transaction pooler may stand before it', {
  skip,
}, async () => {
  const pool = new pg.Pool({ connectionString: server.url, max: 1 })
  const read = async () => {
    const { rows } = await pool.query(
      `SELECT (SELECT count(*)::int FROM pg_prepared_statements) AS prepared,
         (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory') AS locks,
         (SELECT json_agg(s ORDER BY name) FROM
           (SELECT name, setting FROM pg_settings WHERE source = 'session') AS s) AS settings`,
    )
    return rows[0]
  }
  const before = await read()
  const store = await postgres({ pool, schema: 'pooled' })
  const record = sessionRecord()
  await store.sessions.create(record, conditions())
  await store.sessions.end({ id: record.id }, { now: START, reason: 'revoked' })
  await store.counters.remove(['x'])
  await store.close()
  assert.deepEqual(await read(), before)
  await pool.end()
})
