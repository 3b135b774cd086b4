import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createAuthority } from 'latchkey'
import { postgres } from 'latchkey/stores/postgres'
import pg from 'pg'
import { postgresMissing, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

const given = process.env['LATCHKEY_TEST_POSTGRES_URL'] !== undefined
const skip = given ? 'a server was given' : postgresMissing()
let primary: TestPostgres
let standby: TestPostgres
let proxy: TcpProxy

const portOf = ({ url }: TestPostgres) => Number(new URL(url).port)

before(async () => {
  if (skip !== false) return
  primary = await startPostgres()
  proxy = await startTcpProxy({ host: '127.0.0.1', port: portOf(primary) })
})
after(async () => {
  await proxy?.close()
  await standby?.stop()
  await primary?.stop()
})

async function ask(server: TestPostgres, sql: string): Promise<Record<string, unknown>> {
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  try {
    return (await client.query(sql)).rows[0]
  } finally {
    await client.end()
  }
}

test('a failover to a standby that lacks the last revocations does not bring their sessions back', {
  skip,
}, async () => {
  const url = new URL(primary.url)
  url.port = String(proxy.port)
  const settings = { 'password.minLength': 1, 'password.blocklist': false }
  const store = postgres({ url: url.href, deadlineMs: 1000 })
  const errors: unknown[] = []
  const authority = await createAuthority({
    ...{ store, settings, pruneEveryMs: 0 },
    onError: (error) => errors.push(error),
  })
  const login = async (name: string) => {
    await authority.actors.register({ name, password: 'p' })
    const made = await authority.login({ identity: name, password: 'p' })
    assert.ok(made.ok)
    assert.ok((await authority.authenticate(made.token)).ok)
    return made
  }
  const [kept, ended, owner] = [await login('kept'), await login('ended'), await login('owner')]
  assert.ok(primary.startStandby)
  standby = await primary.startStandby()
  const { lsn } = await ask(primary, 'SELECT pg_current_wal_lsn()::text AS lsn')
  await until(async () => {
    const row = await ask(standby, `SELECT pg_last_wal_replay_lsn() >= '${lsn}' AS reached`)
    return row['reached'] === true
  }, 10_000)

  // From now on the standby receives nothing.
  await ask(standby, "ALTER SYSTEM SET primary_conninfo = ''")
  await ask(standby, 'SELECT pg_reload_conf()')
  await until(async () => {
    const row = await ask(primary, 'SELECT count(*)::int AS n FROM pg_stat_replication')
    return row['n'] === 0
  }, 10_000)
  await authority.sessions.end({ id: ended.session.id })
  await authority.sessions.end({ owner: owner.actor.id, raiseEpoch: true })

  await ask(standby, 'SELECT pg_promote()')
  proxy.retarget(portOf(standby))
  const check = async (token: string) => {
    const checked = await authority.authenticate(token).catch(() => null)
    return checked === null ? 'unavailable' : checked.ok ? 'yes' : checked.code
  }
  await until(async () => {
    for (const { token } of [ended, owner]) assert.notEqual(await check(token), 'yes')
    return (await check(kept.token)) === 'yes'
  }, 15_000)
  assert.equal(await check(ended.token), 'session_revoked')
  assert.equal(await check(owner.token), 'session_revoked')
  const { n } = await ask(
    standby,
    'SELECT count(*)::int AS n FROM latchkey.sessions WHERE ended_at IS NULL',
  )
  assert.equal(n, 1)
  await authority.close()
})
