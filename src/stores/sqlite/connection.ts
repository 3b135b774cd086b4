import { DatabaseSync } from 'node:sqlite'
import { LatchkeyError } from '../../core/errors.ts'
import { lockFileOf } from './folder.ts'
import { migrate } from './migrations.ts'

const PAGE_BYTES = 4096
const CACHE_KIB = 128 * 1024
const READER_CACHE_KIB = 8 * 1024
const MMAP_BYTES = 1024 ** 3

/** The `details.reason` of the `conflict` for a data folder that another process uses. */
export const DATA_FOLDER_LOCKED = 'data_folder_locked'

/** The options of the writing thread. */
export interface WriterOptions {
  readonly file: string
  readonly maxBytes: number | null
  readonly lockWaitMs: number
}

/**
 * Locks a folder for this process until the connection is closed or the process ends in any way.
 * Throws `conflict` with reason {@link DATA_FOLDER_LOCKED} if another process has it.
 */
export function lockFolder(folder: string): DatabaseSync {
  const lock = new DatabaseSync(lockFileOf(folder), { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (cause) {
    lock.close()
    if (!isBusy(cause)) throw cause
    throw new LatchkeyError(
      'conflict',
      `The data folder ${folder} is in use by another process. Stop that process first.`,
      {
        reason: DATA_FOLDER_LOCKED,
        cause,
      },
    )
  }
}

/** Opens the connection that writes, and migrates the file to the current layout. */
export function openWriter({ file, maxBytes, lockWaitMs }: WriterOptions): DatabaseSync {
  const db = new DatabaseSync(file, { timeout: lockWaitMs })
  try {
    db.exec(`
      PRAGMA page_size = ${PAGE_BYTES};
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA cache_size = -${CACHE_KIB};
      PRAGMA wal_autocheckpoint = 16000;
      PRAGMA journal_size_limit = 67108864;
      PRAGMA temp_store = MEMORY;
    `)
    if (maxBytes !== null) db.exec(`PRAGMA max_page_count = ${Math.floor(maxBytes / PAGE_BYTES)}`)
    migrate(db)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** Opens a connection that reads; it never waits, because it runs on the event loop. */
export function openReader(file: string): DatabaseSync {
  const db = new DatabaseSync(file, { readOnly: true, timeout: 0 })
  db.exec(`PRAGMA cache_size = -${READER_CACHE_KIB}; PRAGMA mmap_size = ${MMAP_BYTES}`)
  return db
}

/** Returns whether an error of `node:sqlite` says that another connection has locked the file. */
export function isBusy(error: unknown): boolean {
  // SQLITE_BUSY; `node:sqlite` has the number in a separate field, because all its errors have the
  // same code.
  return error instanceof Error && 'errcode' in error && error.errcode === 5
}
