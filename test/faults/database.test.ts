import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { call, logIn } from '../cli/support.ts'
import { type ClusterNode, startNode } from '../support/cluster.ts'
import { postgresMissing, startPostgres, type TestPostgres } from '../support/postgres.ts'
import { type Loss, startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

const given = process.env['LATCHKEY_TEST_POSTGRES_URL'] !== undefined
const skip = given ? 'a server was given' : postgresMissing()

/** The deadline of the store, 1 s here, with the time of a slow machine. */
const ANSWERS_WITHIN_MS = 4000
const folder = mkdtempSync(join(tmpdir(), 'latchkey-faults-'))
let database: TestPostgres
let control: pg.Client
/** `near` reaches the database itself, `far` through a proxy. */
let near: ClusterNode
let far: ClusterNode
let proxy: TcpProxy

before(async () => {
  if (skip !== false) return
  database = await startPostgres()
  const url = new URL(database.url)
  proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(url.port) })
  url.port = String(proxy.port)
  const args = ['--store-timeout-ms', '1000']
  ;[near, far] = await Promise.all([
    startNode({ name: 'near', database: database.url, folder, args }),
    startNode({ name: 'far', database: url.href, folder, args }),
  ])
  await openControl()
})
afterEach(async () => {
  if (skip !== false) return
  proxy.heal()
  await healed()
})
after(async () => {
  await control?.end().catch(() => undefined)
  await Promise.all([near?.stop('SIGKILL'), far?.stop('SIGKILL')])
  await proxy?.close()
  await database?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function openControl(): Promise<void> {
  control = new pg.Client({ connectionString: database.url })
  control.on('error', () => undefined)
  await control.connect()
}

const urlOf = (node: ClusterNode) => node.addresses['http'] ?? ''

interface Checked {
  readonly status: number
  readonly code: unknown
  readonly tookMs: number
}

/** Sends a request, which must be answered in time whatever the database does. */
async function timed(send: () => ReturnType<typeof call>): Promise<Checked> {
  const started = performance.now()
  const { status, body } = await send()
  const tookMs = performance.now() - started
  assert.ok(tookMs < ANSWERS_WITHIN_MS, `the answer took ${tookMs} ms`)
  return { status, code: body['code'], tookMs }
}

const check = (node: ClusterNode, token: string) =>
  timed(() => call(`${urlOf(node)}/v1/session`, 'GET', { token }))

const tryLogin = (node: ClusterNode, name: string) =>
  timed(() =>
    call(`${urlOf(node)}/v1/sessions`, 'POST', { body: { identity: name, password: 'p' } }),
  )

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, what)
    await pause(20)
  }
}

/** Waits until both nodes answer from their caches again. */
async function healed(): Promise<void> {
  for (const node of [near, far]) {
    await until(async () => {
      const ready = await fetch(`${urlOf(node)}/readyz`)
      const metrics = await (await fetch(`${urlOf(node)}/metrics`)).text()
      return ready.status === 200 && metrics.includes('latchkey_cache_trusted 1')
    }, `${node.name} does not heal`)
  }
}

/** Logs an actor in, and makes both nodes cache the session. */
async function cached(name: string): Promise<string> {
  const token = await logIn(urlOf(near), name)
  for (const node of [near, far]) assert.equal((await check(node, token)).status, 200)
  return token
}

/** Revokes a session at the near node while the far one is cut off, and asserts that it is not let in from then on. */
async function revokedFor(token: string): Promise<void> {
  const revoked = await timed(() => call(`${urlOf(near)}/v1/session`, 'DELETE', { token }))
  assert.equal(revoked.status, 204)
  for (let attempt = 0; attempt < 3; attempt++) {
    const { status, code } = await check(far, token)
    assert.notEqual(status, 200, 'a revoked session was let in')
    if (status === 401) assert.equal(code, 'session_revoked')
    else assert.deepEqual([status, code], [503, 'unavailable'])
  }
}

test('a slow database delays answers, and one beyond the deadline makes them unavailable', {
  skip,
}, async () => {
  const token = await cached('slow')
  proxy.delay(30)
  assert.equal((await tryLogin(far, 'slow')).status, 201)
  proxy.delay(3000)
  // The lease of the cache runs out first.
  await until(async () => (await check(far, token)).status === 503, 'it is still answered')
  assert.equal((await check(near, token)).status, 200)
  const refused = await fetch(`${urlOf(far)}/v1/session`, {
    headers: { authorization: `Bearer ${token}` },
  })
  assert.ok(Number(refused.headers.get('retry-after')) >= 1)
  proxy.heal()
  await healed()
  assert.equal((await check(far, token)).status, 200)
})

test('without the database no user is told to be logged out, and the node heals', {
  skip,
}, async () => {
  const token = await cached('down')
  proxy.cut()
  await until(async () => {
    const { status, code } = await check(far, token)
    if (status !== 200) assert.deepEqual([status, code], [503, 'unavailable'])
    return status === 503
  }, 'it is still answered')
  assert.equal((await tryLogin(far, 'down')).code, 'unavailable')
  assert.equal((await fetch(`${urlOf(far)}/readyz`)).status, 503)
  assert.equal((await fetch(`${urlOf(far)}/healthz`)).status, 200)
  proxy.heal()
  await healed()
  assert.equal((await check(far, token)).status, 200)
})

test('a database that crashes and recovers loses no acknowledged session', { skip }, async () => {
  const token = await cached('crash')
  const { rows } = await control.query('SELECT pg_backend_pid() AS pid')
  // The server ends every connection and recovers when one of its processes is killed.
  process.kill(rows[0].pid, 'SIGKILL')
  await healed()
  for (const node of [near, far]) assert.equal((await check(node, token)).status, 200)
  assert.equal((await tryLogin(far, 'crash')).status, 201)
  await openControl()
})

test('a read-only database keeps used sessions, and refuses logins as unavailable', {
  skip,
}, async () => {
  const token = await cached('read-only')
  await control.query('ALTER SYSTEM SET default_transaction_read_only = on')
  await control.query('SELECT pg_reload_conf()')
  await until(async () => (await tryLogin(far, 'read-only')).status === 503, 'it still writes')
  assert.equal((await check(far, token)).status, 200)
  await control.query('SET default_transaction_read_only = off')
  await control.query('ALTER SYSTEM RESET default_transaction_read_only')
  await control.query('SELECT pg_reload_conf()')
  await healed()
  assert.equal((await tryLogin(far, 'read-only')).status, 201)
})

test('a connection for notifications that is open and dead costs the cache, not a revocation', {
  skip,
}, async () => {
  const token = await cached('deaf')
  proxy.lose('from-server', 'latchkey-listen')
  await revokedFor(token)
  // The node opens another connection by itself.
  await healed()
  assert.equal((await check(far, await cached('deaf again'))).status, 200)
})

for (const loss of ['from-client', 'from-server', 'both'] satisfies Loss[]) {
  test(`a network that loses every byte (${loss}) lets no revoked session in`, {
    skip,
  }, async () => {
    const token = await cached(`lost ${loss}`)
    proxy.lose(loss)
    await revokedFor(token)
    proxy.heal()
    await healed()
    const { status, code } = await check(far, token)
    assert.deepEqual([status, code], [401, 'session_revoked'])
  })
}

test('a node that was stopped lets no session in that was revoked meanwhile', {
  skip,
}, async () => {
  const token = await cached('stopped')
  far.child.kill('SIGSTOP')
  const started = performance.now()
  const revoked = await call(`${urlOf(near)}/v1/session`, 'DELETE', { token })
  const waited = performance.now() - started
  assert.equal(revoked.status, 204)
  // No longer than the lease of the node that does not answer, with the time of a slow machine.
  assert.ok(waited < 2500, `the revocation waited ${waited} ms`)
  await pause(1000)
  far.child.kill('SIGCONT')
  const { status, code } = await check(far, token)
  assert.deepEqual([status, code], [401, 'session_revoked'])
})

test('a node that is killed costs no error at the others, and is waited for no longer than its lease', {
  skip,
}, async () => {
  const token = await cached('killed')
  await far.stop('SIGKILL')
  const asked = performance.now()
  while (performance.now() - asked < 500) {
    assert.equal((await check(near, token)).status, 200)
  }
  const revoked = await timed(() => call(`${urlOf(near)}/v1/session`, 'DELETE', { token }))
  assert.equal(revoked.status, 204)
  assert.ok(revoked.tookMs < 2500, `${revoked.tookMs} ms`)
  const url = new URL(database.url)
  url.port = String(proxy.port)
  far = await startNode({ name: 'far', database: url.href, folder })
})
