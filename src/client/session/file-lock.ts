import { closeSync, existsSync, lstatSync, openSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { ErrorSessionFileBusy, ErrorSessionFileUnsafe } from '../errors.ts'

/** SQLite's number for “somebody else has it”. */
const SQLITE_BUSY = 5
const POLL_MS = 8

/** Locks that are held, so that none is collected, and thereby let go of, while its work waits for something outside. */
const held = new Set<DatabaseSync>()

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
  prepare(file)
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const lock = tryLock(file, 'PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    if (lock !== null) {
      held.add(lock)
      try {
        return await work()
      } finally {
        held.delete(lock)
        lock.close()
      }
    }
    if (performance.now() >= deadline) throw new ErrorSessionFileBusy()
    await sleep(1 + Math.random() * POLL_MS)
  }
}

/** Whether another process holds the lock of a file. Looking hinders nobody else who looks. */
export function isFileLocked(file: string): boolean {
  if (!existsSync(file)) return false
  // Reading takes a lock that all readers share.
  const lock = tryLock(file, 'SELECT count(*) FROM sqlite_master')
  lock?.close()
  return lock === null
}

function tryLock(file: string, by: string): DatabaseSync | null {
  // Where nothing is written and nothing looked at, SQLite is not even loaded.
  const { DatabaseSync } = process.getBuiltinModule('node:sqlite')
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    database.exec(by)
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
