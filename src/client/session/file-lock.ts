import { closeSync, existsSync, lstatSync, openSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { ErrorSessionFileBusy, ErrorSessionFileUnsafe } from '../errors.ts'

/** SQLite's error number for a locked database. */
const SQLITE_BUSY = 5
const POLL_MS = 8

/** The held locks, so that none is garbage collected, and thereby released, while its work waits. */
const held = new Set<DatabaseSync>()

/**
 * Runs `work` while no other process and no other caller in this process holds the lock of a file. It is a lock of the kernel: it ends
 * with its process, however that ends, so that no lock is ever stale. Node has no such locks except those of SQLite, so the file is
 * an empty database. Rejects with `ErrorSessionFileBusy` after `timeoutMs`.
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

/** Returns whether another process holds the lock of a file. Several processes can check at the same time. */
export function isFileLocked(file: string): boolean {
  if (!existsSync(file)) return false
  // Reading takes a shared lock.
  const lock = tryLock(file, 'SELECT count(*) FROM sqlite_master')
  lock?.close()
  return lock === null
}

function tryLock(file: string, by: string): DatabaseSync | null {
  // SQLite is loaded only when a lock is taken or checked.
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

// An existing file is not opened here: closing it would release this process's own locks on it.
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
