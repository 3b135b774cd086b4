import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { makeFolder, openStore, WRITING_CHILD } from '../../../test/support/sqlite/folder.ts'
import { auditEntry } from '../../testing/index.ts'
import { openReader, openWriter } from './connection.ts'
import { DATA_FOLDER_LOCKED, sqlite } from './index.ts'

const UNAVAILABLE = { name: 'LatchkeyError', code: 'unavailable' }

test('a second store on the folder is refused, in this process and another, until the first is closed', async (t) => {
  const folder = await makeFolder(t)
  const child = spawn(process.execPath, [WRITING_CHILD, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  child.stdout.resume()
  const locked = {
    code: 'conflict',
    message: `The data folder ${folder} is in use by another process. Stop that process first.`,
    details: { reason: DATA_FOLDER_LOCKED },
  }
  await assert.rejects(sqlite({ folder }), locked)
  await assert.rejects(sqlite({ folder }), locked)
  child.kill('SIGKILL')
  await once(child, 'exit')
  const { store } = await openStore(t, { folder })
  await assert.rejects(sqlite({ folder }), locked)
  await assert.rejects(sqlite({ folder: join(folder, '.') }), locked)
  await store.close()
  await (await sqlite({ folder })).close()
})

test('only their owner can access the folder and its files', async (t) => {
  const parent = await makeFolder(t)
  const { store, folder, file } = await openStore(t, { folder: join(parent, 'deep/data') })
  await store.audit.append([auditEntry()])
  const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8)
  assert.equal(await modeOf(folder), '700')
  for (const path of [file, `${file}-wal`, `${file}-shm`, join(folder, 'lock.db')]) {
    assert.equal(await modeOf(path), '600')
  }
})

test('an existing folder keeps its mode, and one in which other users can replace files is refused', async (t) => {
  const parent = await makeFolder(t)
  const modeOf = async (path: string) => ((await stat(path)).mode & 0o7777).toString(8)
  for (const mode of [0o755, 0o750, 0o1777]) {
    const folder = join(parent, mode.toString(8))
    await mkdir(folder)
    await chmod(folder, mode)
    const { file } = await openStore(t, { folder })
    assert.equal(await modeOf(folder), mode.toString(8))
    assert.equal(await modeOf(file), '600')
  }
  for (const mode of [0o777, 0o770, 0o722]) {
    const folder = join(parent, mode.toString(8))
    await mkdir(folder)
    await chmod(folder, mode)
    await assert.rejects(sqlite({ folder }), { ...UNAVAILABLE, message: /written by other users/ })
    assert.equal(await modeOf(folder), mode.toString(8))
    assert.deepEqual(await readdir(folder), [])
  }
})

test('a file that is a link is refused, and the mode of its target stays', async (t) => {
  const folder = await makeFolder(t)
  const target = join(await makeFolder(t), 'target')
  await writeFile(target, '')
  await chmod(target, 0o644)
  await symlink(target, join(folder, 'latchkey.db'))
  await assert.rejects(sqlite({ folder }), { ...UNAVAILABLE, message: /is a link/ })
  assert.equal((await stat(target)).mode & 0o777, 0o644)
})

test('close completes queued writes and merges the log into the file', async (t) => {
  const { store, folder, file } = await openStore(t)
  const writes = Array.from({ length: 600 }, () => store.audit.append([auditEntry()]))
  await store.close()
  await Promise.all(writes)
  await assert.rejects(stat(`${file}-wal`), { code: 'ENOENT' })
  const again = await openStore(t, { folder })
  assert.equal((await again.store.audit.list({ limit: 1000 })).items.length, 600)
})

test('a file of a later release, a file that is not a database, and a missing folder are refused, and the folder is released', async (t) => {
  const { store, folder, file } = await openStore(t)
  await store.close()
  const db = new DatabaseSync(file)
  db.exec('PRAGMA user_version = 99')
  db.close()
  await assert.rejects(sqlite({ folder }), { ...UNAVAILABLE, message: /version 99/ })
  await assert.rejects(sqlite({ folder }), { ...UNAVAILABLE, message: /version 99/ })
  await writeFile(file, 'not a database, but long enough to be taken for one'.repeat(100))
  await assert.rejects(sqlite({ folder }), UNAVAILABLE)
  const blocked = join(folder, 'blocked')
  await writeFile(blocked, '')
  await assert.rejects(sqlite({ folder: blocked }), UNAVAILABLE)
  await mkdir(join(folder, 'fine'))
  await (await sqlite({ folder: join(folder, 'fine') })).close()
})

test('an idle store does not keep the process alive', async (t) => {
  const folder = await makeFolder(t)
  const index = new URL('./index.ts', import.meta.url).href
  const script = `const { sqlite } = await import('${index}')
    const store = await sqlite({ folder: process.argv[1] })
    console.log(await store.documents.save('key', 'value', { now: 0 }))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder])
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  const timer = setTimeout(() => child.kill(), 10_000)
  const [code] = await once(child, 'exit')
  clearTimeout(timer)
  assert.deepEqual([code, text.trim()], [0, '1'])
  const { store } = await openStore(t, { folder })
  assert.equal((await store.documents.find('key', 0))?.value, 'value')
})

test('the reading connection cannot write', async (t) => {
  const folder = await makeFolder(t)
  const file = join(folder, 'latchkey.db')
  const writer = openWriter({ file, maxBytes: null, lockWaitMs: 0 })
  const reader = openReader(file)
  assert.throws(() => reader.exec('DELETE FROM global_epoch'), /readonly/)
  reader.close()
  writer.close()
})
