import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestContext } from 'node:test'
import { type SqliteOptions, sqlite } from '../../../src/stores/sqlite/index.ts'

/** A program that creates sessions until it is killed; its argument is the folder. */
export const WRITING_CHILD = join(import.meta.dirname, 'writing-child.ts')

/** An empty folder that goes with the test. */
export async function makeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-'))
  t.after(() => rm(folder, { recursive: true }))
  return folder
}

/** A store that is closed after the test. */
export async function openStore(t: TestContext, options: Partial<SqliteOptions> = {}) {
  const folder = options.folder ?? (await makeFolder(t))
  const store = await sqlite({ ...options, folder })
  t.after(() => store.close())
  return { store, folder, file: join(folder, 'latchkey.db') }
}

/** What SQLite itself says of a file: `ok`, or what is wrong with it. */
export function checkIntegrity(file: string): unknown {
  const db = new DatabaseSync(file, { readOnly: true })
  const result = db.prepare('PRAGMA integrity_check').get()?.['integrity_check']
  db.close()
  return result
}
