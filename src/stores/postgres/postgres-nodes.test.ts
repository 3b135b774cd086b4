import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import {
  postgresMissing,
  startPostgres,
  type TestPostgres,
} from '../../../test/support/postgres.ts'
import type { BusMessage, Store } from '../../core/ports/index.ts'
import { readDurability } from './durability.ts'
import { postgres } from './index.ts'

const skip = postgresMissing()
const CONFIRMED = { confirmed: true }
const changed: BusMessage = { kind: 'session-changed', id: 'x' }
let server: TestPostgres
let other: TestPostgres
let control: pg.Client

before(async () => {
  if (skip !== false) return
  ;[server, other] = await Promise.all([
    startPostgres(),
    startPostgres({ settings: { fsync: 'on' } }),
  ])
  control = new pg.Client({ connectionString: server.url })
  await control.connect()
})
after(async () => {
  await control?.end()
  await server?.stop()
  await other?.stop()
})

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 5000
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, what)
    await pause(10)
  }
}

function receivedBy(store: Store): BusMessage[] {
  const received: BusMessage[] = []
  store.bus.subscribe((message) => received.push(message))
  return received
}

test('three nodes: a message is applied on both others before it is acknowledged', {
  skip,
}, async () => {
  const nodes = await Promise.all(
    ['one', 'two', 'three'].map((node) => postgres({ url: server.url, node, release: '1.2.3' })),
  )
  const [one, two, three] = nodes
  assert.ok(one && two && three)
  const received = [receivedBy(two), receivedBy(three)]
  await one.bus.publish(changed, CONFIRMED)
  for (const messages of received) assert.deepEqual(messages.at(-1), changed)
  const listed = await one.listNodes()
  assert.deepEqual(
    listed.map(({ name, release, leaseMs }) => ({ name, release, leaseMs })),
    ['one', 'three', 'two'].map((name) => ({ name, release: '1.2.3', leaseMs: 1000 })),
  )
  assert.ok(listed.every(({ silentMs }) => silentMs < 1000))
  for (const node of nodes) await node.close()
  assert.deepEqual((await control.query('SELECT * FROM latchkey.bus_nodes')).rows, [])
})

test('a message of a megabyte crosses, in order with small ones', { skip }, async () => {
  const [one, two] = [await postgres({ url: server.url }), await postgres({ url: server.url })]
  const received = receivedBy(two)
  const event = (text: string): BusMessage => ({
    ...{ kind: 'event', actor: 'a', event: { name: 'x', data: text } },
  })
  const messages = [event('small'), event('ü'.repeat(500_000)), event('after')]
  await Promise.all(messages.map((message) => one.bus.publish(message, CONFIRMED)))
  assert.deepEqual(
    received.filter(({ kind }) => kind === 'event'),
    messages,
  )
  await one.close()
  await two.close()
})

test('a node whose connection for notifications is lost trusts nothing until it listens again', {
  skip,
}, async () => {
  const [one, two] = [await postgres({ url: server.url }), await postgres({ url: server.url })]
  const received = receivedBy(two)
  await until(() => two.bus.isTrusted(), 'it is not trusted')
  await control.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'latchkey-listen'",
  )
  await until(() => received.some(({ kind }) => kind === 'missed'), 'the loss is not noticed')
  await until(() => two.bus.isTrusted() && one.bus.isTrusted(), 'it does not heal')
  received.length = 0
  await one.bus.publish(changed, CONFIRMED)
  assert.deepEqual(received.at(-1), changed)
  await one.close()
  await two.close()
})

test('a node that listens to another server than it writes to trusts nothing', {
  skip,
}, async () => {
  const store = await postgres({ url: server.url, listenUrl: other.url, leaseMs: 300 })
  await pause(0)
  assert.equal(store.bus.isTrusted(), false)
  await store.close()
})

test('a node that died is waited for until its lease has run out, and removed after ten', {
  skip,
}, async () => {
  const one = await postgres({ url: server.url, leaseMs: 200 })
  await control.query(
    `INSERT INTO latchkey.bus_nodes (id, name, release, protocol, lease_ms)
     VALUES ('dead', 'dead', '', 1, 400)`,
  )
  const started = performance.now()
  await one.bus.publish(changed, CONFIRMED)
  const waited = performance.now() - started
  assert.ok(waited >= 400 && waited < 1500, `${waited} ms`)
  await control.query(
    "UPDATE latchkey.bus_nodes SET seen_at = seen_at - interval '5 s' WHERE id = 'dead'",
  )
  const two = await postgres({ url: server.url })
  assert.ok((await two.listNodes()).every(({ id }) => id !== 'dead'))
  await one.close()
  await two.close()
})

test('a node refuses to start beside one whose signals are two versions apart', {
  skip,
}, async () => {
  await control.query(
    `INSERT INTO latchkey.bus_nodes (id, name, release, protocol, lease_ms)
     VALUES ('old', 'left-1', '9.0.0', 3, 1000)`,
  )
  await assert.rejects(postgres({ url: server.url }), {
    code: 'conflict',
    message: /left-1.*9\.0\.0/,
  })
  await control.query("DELETE FROM latchkey.bus_nodes WHERE id = 'old'")
})

test('all nodes have the time of the server, whatever the machine says', { skip }, async () => {
  const store = await postgres({ url: server.url })
  const { rows } = await control.query(
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now',
  )
  assert.ok(Math.abs(store.clock.now() - rows[0].now) < 500)
  await store.close()
})

test('durability is none without fsync, local with it, and quorum where standbys confirm', {
  skip,
}, async () => {
  // The servers of the tests do not wait for their disk by default.
  const [store, durable] = [await postgres({ url: server.url }), await postgres({ url: other.url })]
  assert.deepEqual(await store.readDurability(), { level: 'none', standbys: 0 })
  assert.equal((await durable.readDurability()).level, 'local')
  await store.close()
  await durable.close()
  const pool = new pg.Pool({ connectionString: other.url, max: 1 })
  const client = await pool.connect()
  await client.query("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (a, b)'")
  await client.query('SELECT pg_reload_conf()')
  await until(async () => (await readDurability(client)).level === 'quorum', 'not quorum')
  client.release()
  await pool.end()
})

test('in bounded mode a node serves from memory for the declared time, and others wait for it', {
  skip,
}, async () => {
  const store = await postgres({ url: server.url, boundMs: 5000, leaseMs: 200 })
  const [row] = await store.listNodes()
  assert.equal(row?.leaseMs, 5000)
  await store.close()
})
