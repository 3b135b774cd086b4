import { chmodSync, closeSync, lstatSync, mkdirSync, openSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { LatchkeyError } from '../../core/errors.ts'

/** The name of the data file in a data folder. */
export const DATA_FILE = 'latchkey.db'
const LOCK_FILE = 'lock.db'

const WRITABLE_BY_OTHERS = 0o022
const ACCESSIBLE_TO_OTHERS = 0o077
const STICKY = 0o1000

/**
 * Creates the folder if it is missing, and the empty files of a store, with access for their owner
 * only. Returns the data file. An existing folder keeps its mode; it is refused with `unavailable` if
 * other users can replace files in it, or if it or a file belongs to another user or is a link.
 */
export function prepareFolder(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  requireSafeFolder(folder)
  for (const name of [DATA_FILE, LOCK_FILE]) prepareFile(join(folder, name))
  return join(folder, DATA_FILE)
}

/** Returns the path of the file whose lock is the lock of the folder. */
export function lockFileOf(folder: string): string {
  return join(folder, LOCK_FILE)
}

/** Throws `unavailable` for a folder in which other users could replace the files of a store. */
export function requireSafeFolder(folder: string): void {
  const stats = statSync(folder)
  if (!stats.isDirectory()) refuseIt(folder, 'is not a folder')
  if (process.getuid === undefined) return
  // Root can replace every file anyway, and owns the mounted volumes of containers.
  if (stats.uid !== process.getuid() && stats.uid !== 0) refuseIt(folder, 'belongs to another user')
  const { mode } = stats
  if ((mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0) {
    refuseIt(folder, 'can be written by other users. Remove their write permission first')
  }
}

function prepareFile(path: string): void {
  // An existing file is not opened here, because closing it would release this process's own locks
  // on it.
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) {
    closeSync(openSync(path, 'wx', 0o600))
    return
  }
  requireOwnFile(path, stats)
  if ((stats.mode & ACCESSIBLE_TO_OTHERS) !== 0) chmodSync(path, 0o600)
}

function requireOwnFile(path: string, stats: Stats): void {
  if (!stats.isFile()) refuseIt(path, 'is a link, or not a file')
  if (process.getuid !== undefined && stats.uid !== process.getuid()) {
    refuseIt(path, 'belongs to another user')
  }
}

function refuseIt(path: string, why: string): never {
  throw new LatchkeyError('unavailable', `${path} cannot be used: it ${why}.`)
}
