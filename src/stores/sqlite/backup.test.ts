import assert from 'node:assert/strict'
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { checkIntegrity, makeFolder, openStore } from '../../../test/support/sqlite/folder.ts'
import { actorRecord, auditEntry, identity } from '../../testing/index.ts'
import { backupData, restoreData } from './backup.ts'
import { sqlite } from './index.ts'

test('a backup of a store that is written to has all acknowledged writes, and only its owner can read it', async (t) => {
  const { store, folder } = await openStore(t)
  const ada = actorRecord({ identities: [identity('ada')] })
  await store.directory.create(ada, 'hash')
  const writing = Array.from({ length: 2000 }, () => store.audit.append([auditEntry()]))
  const file = join(await makeFolder(t), 'backup.db')
  const report = backupData(folder, file)
  await Promise.all(writing)
  assert.equal(report.file, file)
  assert.equal(((await stat(file)).mode & 0o777).toString(8), '600')
  assert.equal(checkIntegrity(file), 'ok')
  const elsewhere = join(await makeFolder(t), 'data')
  restoreData(elsewhere, file)
  const restored = await openStore(t, { folder: elsewhere })
  assert.equal((await restored.store.directory.findByIdentity('ada'))?.passwordHash, 'hash')
})

test('a backup replaces no file, and a folder without data is refused', async (t) => {
  const { folder } = await openStore(t)
  const other = await makeFolder(t)
  const file = join(other, 'present')
  await writeFile(file, 'precious')
  assert.throws(() => backupData(folder, file), { code: 'conflict' })
  assert.equal(await readFile(file, 'utf8'), 'precious')
  assert.throws(() => backupData(other, join(other, 'new')), { code: 'not_found' })
  await assert.rejects(stat(join(other, 'latchkey.db')), { code: 'ENOENT' })
  assert.throws(() => backupData(folder, join(other, 'no/such/folder')), { code: 'unavailable' })
})

test('a restore keeps the data that it replaces, and refuses a folder in use and what is no backup', async (t) => {
  const first = await openStore(t)
  await first.store.documents.save('which', 'backup', { now: 0 })
  const file = join(await makeFolder(t), 'backup.db')
  backupData(first.folder, file)
  const second = await openStore(t)
  await second.store.documents.save('which', 'before', { now: 0 })
  assert.throws(() => restoreData(second.folder, file), { code: 'conflict' })
  await second.store.close()
  const damaged = join(await makeFolder(t), 'damaged.db')
  const bytes = await readFile(file)
  bytes.fill(0xff, 4096 * 3, 4096 * 5)
  await writeFile(damaged, bytes)
  const foreign = join(await makeFolder(t), 'foreign.db')
  const db = new DatabaseSync(foreign)
  db.exec('PRAGMA user_version = 1; CREATE TABLE x (y)')
  db.close()
  for (const wrong of [damaged, foreign]) {
    assert.throws(() => restoreData(second.folder, wrong), { code: 'invalid_request' })
  }
  assert.throws(() => restoreData(second.folder, join(second.folder, 'none')), {
    code: 'not_found',
  })
  const { replaced } = restoreData(second.folder, file)
  assert.equal(replaced, `${second.file}.replaced`)
  const after = await sqlite({ folder: second.folder })
  t.after(() => after.close())
  assert.equal((await after.documents.find('which', 0))?.value, 'backup')
  const old = join(await makeFolder(t), 'old')
  restoreData(old, replaced ?? '')
  const before = await sqlite({ folder: old })
  t.after(() => before.close())
  assert.equal((await before.documents.find('which', 0))?.value, 'before')
})

test('a restore writes through no link', async (t) => {
  const { store, folder } = await openStore(t)
  const file = join(await makeFolder(t), 'backup.db')
  backupData(folder, file)
  await store.close()
  const other = await makeFolder(t)
  const target = join(other, 'target')
  await writeFile(target, 'precious')
  const data = join(other, 'data')
  await mkdir(data)
  await symlink(target, join(data, 'latchkey.db'))
  assert.throws(() => restoreData(data, file), { code: 'unavailable' })
  assert.equal(await readFile(target, 'utf8'), 'precious')
})
