import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import {
  postgresMissing,
  startPostgres,
  type TestPostgres,
} from '../../../test/support/postgres.ts'
import type { Store } from '../../core/ports/index.ts'
import { actorRecord, conditions, START, sessionRecord } from '../../testing/index.ts'
import { postgres } from './index.ts'

const skip = postgresMissing()
const OWNER = 'ada'
let server: TestPostgres
let pool: pg.Pool
let store: Store

before(async () => {
  if (skip !== false) return
  server = await startPostgres()
  pool = new pg.Pool({ connectionString: server.url, max: 30 })
  store = await postgres({ pool })
})
after(async () => {
  await store?.close()
  await pool?.end()
  await server?.stop()
})
beforeEach(async () => {
  if (skip === false) await pool.query('TRUNCATE latchkey.sessions, latchkey.epochs')
})

/** Holds the lock of an owner, as another node in a transaction does. */
async function holdOwner(owner: string) {
  const client = await pool.connect()
  await client.query('BEGIN')
  await client.query("SELECT pg_advisory_xact_lock(hashtextextended('owner:' || $1, 0))", [owner])
  return {
    client,
    async commit() {
      await client.query('COMMIT')
      client.release()
    },
  }
}

/** Waits until so many calls wait for a lock. */
async function waiting(calls: number): Promise<void> {
  const deadline = performance.now() + 5000
  for (;;) {
    const { rows } = await pool.query(
      "SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory' AND NOT granted",
    )
    if (rows[0].n === calls) return
    assert.ok(performance.now() < deadline, `${rows[0].n} calls wait, not ${calls}`)
    await pause(5)
  }
}

const raise = { now: START, reason: 'revoked' } as const

test('a create that waits while the epoch rises is refused', { skip }, async () => {
  const held = await holdOwner(OWNER)
  const creating = store.sessions.create(sessionRecord({ owner: OWNER }), conditions())
  await waiting(1)
  await held.client.query('INSERT INTO latchkey.epochs VALUES ($1, 1)', [OWNER])
  await held.commit()
  assert.deepEqual(await creating, { ok: false, refused: 'epoch' })
  assert.equal(await store.sessions.count({ now: START, owner: OWNER }), 0)
})

test('an epoch that rises after a waiting create ends its session', { skip }, async () => {
  const held = await holdOwner(OWNER)
  const record = sessionRecord({ owner: OWNER })
  const creating = store.sessions.create(record, conditions())
  await waiting(1)
  const ending = store.sessions.end({ owner: OWNER, raiseEpoch: true }, raise)
  await waiting(2)
  await held.commit()
  assert.deepEqual(await creating, { ok: true, ended: [] })
  assert.deepEqual(await ending, [{ id: record.id, owner: OWNER, reason: 'revoked' }])
  assert.equal(await store.sessions.count({ now: START, owner: OWNER }), 0)
})

test('waiting creates respect a limit that was reached meanwhile', { skip }, async () => {
  const held = await holdOwner(OWNER)
  const limit = { max: 2, policy: 'refuse' } as const
  const creating = Array.from({ length: 3 }, () =>
    store.sessions.create(sessionRecord({ owner: OWNER }), conditions({ limit })),
  )
  await waiting(3)
  await held.commit()
  const outcomes = await Promise.all(creating)
  assert.deepEqual(
    outcomes.filter(({ ok }) => !ok),
    [{ ok: false, refused: 'limit' }],
  )
  assert.equal(await store.sessions.count({ now: START, owner: OWNER }), 2)
})

test('a waiting impersonation is refused if its parent ended meanwhile', { skip }, async () => {
  const parent = sessionRecord({ owner: OWNER })
  await store.sessions.create(parent, conditions())
  const held = await holdOwner(OWNER)
  const ending = store.sessions.end({ id: parent.id }, raise)
  await waiting(1)
  const child = sessionRecord({ owner: OWNER, actsAs: 'bob', parent: parent.id })
  const creating = store.sessions.create(child, conditions())
  await waiting(2)
  await held.commit()
  assert.equal((await ending).length, 1)
  assert.deepEqual(await creating, { ok: false, refused: 'parent' })
})

test('a password change beside waiting logins leaves no session of the old password', {
  skip,
}, async () => {
  const actor = actorRecord()
  await store.directory.create(actor, 'old')
  const held = await holdOwner(actor.id)
  const login = () => store.sessions.create(sessionRecord({ owner: actor.id }), conditions())
  const before = login()
  await waiting(1)
  const changing = store.directory.setPassword(actor.id, 'new', 'old', { raiseEpoch: true })
  await waiting(2)
  const later = login()
  await waiting(3)
  await held.commit()
  assert.equal(await changing, true)
  assert.equal((await before).ok, true)
  assert.deepEqual(await later, { ok: false, refused: 'epoch' })
  assert.equal(await store.sessions.count({ now: START, owner: actor.id }), 0)
})

test('a save of data beside a login in place is moved or refused, never lost', {
  skip,
}, async () => {
  for (let round = 0; round < 10; round++) {
    const old = sessionRecord({ owner: 'anonymous' })
    await store.sessions.create(old, conditions())
    await store.data.save(old.id, 'first', 0)
    const next = sessionRecord({ owner: OWNER })
    const replaces = { id: old.id, reason: 'upgraded', moveData: true } as const
    const [saved, created] = await Promise.all([
      store.data.save(old.id, 'second'),
      store.sessions.create(next, conditions({ replaces })),
    ])
    assert.equal(created.ok, true)
    const value = saved === null ? 'first' : 'second'
    assert.equal((await store.data.find(next.id))?.value, value)
    assert.equal(await store.data.find(old.id), null)
  }
})

test('of concurrent upserts of one session one creates it and the others update it', {
  skip,
}, async () => {
  const record = sessionRecord({ owner: OWNER })
  const put = { mode: 'upsert', record, value: 'x', now: START } as const
  const outcomes = await Promise.all(Array.from({ length: 10 }, () => store.data.put(put)))
  assert.equal(outcomes.filter((outcome) => outcome.ok && outcome.created).length, 1)
  assert.ok(outcomes.every(({ ok }) => ok))
  assert.equal((await store.data.find(record.id))?.version, 10)
})

test('actors that exchange identities at once wait for each other in one order', {
  skip,
}, async () => {
  const [one, two] = [actorRecord(), actorRecord()]
  await store.directory.create(one, null)
  await store.directory.create(two, null)
  const take = (id: string, from: typeof one, to: typeof one) =>
    store.directory.setIdentities(
      id,
      { name: 'x', identities: to.identities, now: START },
      from.identities,
    )
  const outcomes = await Promise.all([take(one.id, one, two), take(two.id, two, one)])
  for (const outcome of outcomes) assert.ok(['ok', 'taken'].includes(outcome))
  for (const { value } of [...one.identities, ...two.identities]) {
    const found = await store.directory.findByIdentity(value)
    assert.ok(found === null || found.actor.identities.some((held) => held.value === value))
  }
})

test('the forward read of the audit trail waits for an open transaction', { skip }, async () => {
  const client = await pool.connect()
  await client.query('BEGIN')
  await client.query(
    "INSERT INTO latchkey.audit (at, act, outcome) VALUES (1, 'login', 'slow') RETURNING seq",
  )
  await store.audit.append([
    {
      ...{ at: 2, act: 'login', outcome: 'fast', actor: null, target: null, session: null },
      ...{ door: null, address: null, identityHash: null, detail: null },
    },
  ])
  const early = await store.audit.read({ limit: 10 })
  assert.deepEqual(early.items, [])
  await client.query('COMMIT')
  client.release()
  const { items } = await store.audit.read({ limit: 10, after: early.cursor })
  assert.deepEqual(
    items.map(({ outcome }) => outcome),
    ['slow', 'fast'],
  )
})
