import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import {
  checkIntegrity,
  makeFolder,
  openStore,
  WRITING_CHILD,
} from '../../../test/support/sqlite/folder.ts'
import { actorRecord, auditEntry, conditions, START, sessionRecord } from '../../testing/index.ts'
import { openGroupWriter } from './writer.ts'

test('every write acknowledged before a SIGKILL is stored, in an intact file', async (t) => {
  const folder = await makeFolder(t)
  const child = spawn(process.execPath, [WRITING_CHILD, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const acknowledged: string[] = []
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    acknowledged.push(line)
    if (acknowledged.length === 500) child.kill('SIGKILL')
  })
  const [[, signal]] = await Promise.all([once(child, 'exit'), once(lines, 'close')])
  assert.equal(signal, 'SIGKILL')
  const { store, file } = await openStore(t, { folder })
  assert.equal(checkIntegrity(file), 'ok')
  assert.ok(acknowledged.length >= 500)
  for (const id of acknowledged) {
    assert.equal((await store.sessions.find(id))?.id, id)
    assert.deepEqual(await store.data.find(id), { value: `bag of ${id}`, version: 1 })
  }
})

test('while another program locks the file writes are unavailable, nothing is written, and later writes succeed', async (t) => {
  const { store, file } = await openStore(t, { lockWaitMs: 100 })
  const other = new DatabaseSync(file)
  other.exec('BEGIN IMMEDIATE')
  const records = Array.from({ length: 20 }, () => sessionRecord())
  const create = (record: (typeof records)[number]) =>
    store.sessions.create(record, conditions(), { audit: auditEntry() })
  const results = await Promise.allSettled(records.map(create))
  for (const result of results) {
    assert.equal(result.status, 'rejected')
    assert.equal(result.reason.code, 'unavailable')
    assert.match(String(result.reason.cause), /locked/)
  }
  const [first] = records
  assert.ok(first)
  assert.equal(await store.sessions.find(first.id), null, 'reads continue')
  other.exec('COMMIT')
  other.close()
  assert.deepEqual(await create(first), { ok: true, ended: [] })
  assert.equal((await store.audit.list({ limit: 10 })).items.length, 1)
})

test('on a full disk writes are unavailable, none is written in part, and sessions can still be ended', async (t) => {
  const { store, file } = await openStore(t, { maxBytes: 400_000 })
  const records = Array.from({ length: 1000 }, () => sessionRecord())
  const results = await Promise.allSettled(
    records.map((record) =>
      store.sessions.create(record, conditions(), {
        audit: auditEntry({ session: record.id }),
      }),
    ),
  )
  const written = records.filter((_, index) => results[index]?.status === 'fulfilled')
  assert.ok(written.length > 50 && written.length < 900, `${written.length} were written`)
  for (const result of results) {
    if (result.status === 'rejected') assert.equal(result.reason.code, 'unavailable')
  }
  assert.equal(await store.sessions.count({ now: START }), written.length)
  const { items } = await store.audit.list({ limit: 1000 })
  assert.deepEqual(
    items.map(({ session }) => session).toSorted(),
    written.map(({ id }) => id).toSorted(),
  )
  // In one group with writes that do not fit.
  const [first] = written
  assert.ok(first)
  const refused = records
    .slice(0, 20)
    .map(() => store.directory.create(actorRecord({ name: 'x'.repeat(9000) }), null))
  const ended = store.sessions.end({ id: first.id }, { now: START, reason: 'revoked' })
  for (const result of await Promise.allSettled(refused)) assert.equal(result.status, 'rejected')
  assert.equal((await ended).length, 1)
  for (const result of results) assert.ok(result)
  let removed = 0
  do removed = await store.sessions.prune({ before: START + 1e9, limit: 100 })
  while (removed > 0)
  const again = await store.sessions.create(sessionRecord(), conditions())
  assert.deepEqual(again, { ok: true, ended: [] })
  assert.equal(checkIntegrity(file), 'ok')
})

test('when the writing thread ends all waiting writes are refused, and the next write works', async (t) => {
  const folder = await makeFolder(t)
  const file = join(folder, 'latchkey.db')
  const writer = await openGroupWriter({ file, maxBytes: null, lockWaitMs: 200 }, 1000)
  t.after(() => writer.close())
  // Locked, so that the thread ends while it processes a group.
  const other = new DatabaseSync(file)
  other.exec('BEGIN IMMEDIATE')
  const pending = Array.from({ length: 100 }, (_, index) =>
    writer.write('saveDocument', `key ${index}`, 'x', START, null, null),
  )
  const settled = Promise.allSettled(pending)
  await new Promise((resolve) => setImmediate(resolve))
  await writer.thread()?.terminate()
  for (const result of await settled) {
    assert.equal(result.status, 'rejected')
    assert.equal(result.reason.code, 'unavailable')
  }
  assert.equal(writer.thread(), null)
  other.exec('ROLLBACK')
  other.close()
  assert.equal(await writer.write('saveDocument', 'key 0', 'y', START, 0, null), 1)
})

test('a thread that ends at any moment leaves no partial write and no lock', async (t) => {
  const folder = await makeFolder(t)
  const file = join(folder, 'latchkey.db')
  const writer = await openGroupWriter({ file, maxBytes: null, lockWaitMs: 1000 }, 100_000)
  t.after(() => writer.close())
  for (let round = 0; round < 8; round++) {
    const keys = Array.from({ length: 2000 }, (_, index) => `${round} ${index}`)
    const results = Promise.allSettled(
      keys.map((key) => writer.write('saveDocument', key, 'x'.repeat(500), START, 0, null)),
    )
    await pause(1 + round * 2)
    await writer.thread()?.terminate()
    for (const [index, { status }] of (await results).entries()) {
      if (status !== 'fulfilled') continue
      const key = keys[index] ?? ''
      assert.equal(await writer.write('saveDocument', key, 'y', START, 1, null), 2)
    }
    assert.equal(await writer.write('saveDocument', `after ${round}`, 'x', START, 0, null), 1)
  }
  assert.equal(checkIntegrity(file), 'ok')
})

test('the queue is bounded', async (t) => {
  const { store } = await openStore(t, { maxQueuedWrites: 10 })
  const results = await Promise.allSettled(
    Array.from({ length: 30 }, () => store.audit.append([auditEntry()])),
  )
  const refused = results.filter(({ status }) => status === 'rejected')
  assert.equal(refused.length, 20)
  for (const result of refused) {
    assert.equal(result.status === 'rejected' && result.reason.code, 'busy')
  }
  await store.audit.append([auditEntry()])
})

test('a slow commit does not delay timers', async (t) => {
  const { store, file } = await openStore(t, { lockWaitMs: 5000 })
  const other = new DatabaseSync(file)
  other.exec('BEGIN IMMEDIATE')
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const write = store.audit.append([auditEntry()])
  let written = false
  void write.then(() => {
    written = true
  })
  let ticks = 0
  while (ticks < 20) {
    await pause(10)
    await store.sessions.find('x')
    ticks++
  }
  assert.equal(written, false)
  delay.disable()
  other.exec('COMMIT')
  other.close()
  await write
  assert.ok(delay.max / 1e6 < 150, `the event loop stood for ${delay.max / 1e6} ms`)
})

test('above the maximum the counters written least recently are removed', async (t) => {
  const { store } = await openStore(t, { maxCounterKeys: 2 })
  const rule = { kind: 'window', limit: 9, windowMs: 1000 } as const
  const reserve = (key: string) => store.counters.reserve([{ key, rule }], START)
  for (const key of ['a', 'b', 'c', 'a']) await reserve(key)
  assert.equal(await store.counters.prune({ now: START, limit: 10 }), 1)
  assert.deepEqual(await reserve('a'), { ok: true, count: 3 })
  assert.deepEqual(await reserve('b'), { ok: true, count: 1 })
})
