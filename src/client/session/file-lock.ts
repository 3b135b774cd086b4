import { closeSync, lstatSync, openSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { ErrorSessionFileBusy, ErrorSessionFileUnsafe } from '../errors.ts'

/** SQLite's number for “somebody else has it”. */
const SQLITE_BUSY = 5
const POLL_MS = 8

/**
 * Does work while no other process, and nobody else in this one, holds the lock of a file. The lock is the kernel’s: it goes with
 * its process, however that ends, so that none is ever stale and none has to be broken. Node has no such locks of its own but
 * those of SQLite, so the file is an empty database. Rejects with `ErrorSessionFileBusy` after `timeoutMs`.
 */
export async function withFileLock<T>(
  file: string,
  timeoutMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const sqlite = await import('node:sqlite')
  prepare(file)
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const lock = tryLock(new sqlite.DatabaseSync(file, { timeout: 0 }))
    if (lock !== null) {
      try {
        return await work()
      } finally {
        lock.close()
      }
    }
    if (performance.now() >= deadline) throw new ErrorSessionFileBusy()
    await sleep(1 + Math.random() * POLL_MS)
  }
}

function tryLock(database: DatabaseSync): DatabaseSync | null {
  try {
    database.exec('BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return null
    throw error
  }
}

// An existing file is not opened here: closing it again would give up this process's own locks on it.
function prepare(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (!lstatSync(file).isFile()) {
      throw new ErrorSessionFileUnsafe({ message: `${file} is no file.` })
    }
  }
}
