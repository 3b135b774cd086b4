import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { LatchkeyError } from '../../core/errors.ts'
import { isBusy, lockFolder } from './connection.ts'
import { DATA_FILE, prepareFolder } from './folder.ts'
import { LAYOUT_VERSION } from './migrations.ts'

/** The result of a backup or a restore. */
export interface BackupReport {
  /** The absolute path that was written. */
  readonly file: string
  readonly bytes: number
}

/**
 * Copies the data of a folder into a new file, readable by its owner only, while a server may use the
 * folder. The copy is of one instant, is verified, and appears complete or not at all. Throws
 * `not_found` for a folder without data, `conflict` if the file exists, `unavailable` if it cannot be
 * written or the copy is damaged.
 */
export function backupData(folder: string, to: string): BackupReport {
  const source = join(resolve(folder), DATA_FILE)
  const file = resolve(to)
  if (!existsSync(source)) {
    throw new LatchkeyError('not_found', `${folder} is not a data folder. Name it with --data.`)
  }
  if (existsSync(file)) throw fileExists(file)
  const part = `${file}.part`
  return telling(file, () => {
    rmSync(part, { force: true })
    // VACUUM INTO writes into an empty file, and would give a new one the mode of the umask.
    closeSync(openSync(part, 'wx', 0o600))
    try {
      copyInto(source, part)
      requireSound(part)
      syncFile(part)
      publish(part, file)
    } finally {
      rmSync(part, { force: true })
    }
    syncFile(dirname(file))
    return { file, bytes: statSync(file).size }
  })
}

/**
 * Replaces the data of a folder that no server uses by a backup, which stays. The data that was there
 * is kept beside it as `latchkey.db.replaced`. Throws `not_found` for a missing backup, `invalid_request`
 * for a file that is no sound backup of this or an earlier release, `conflict` for a folder in use.
 */
export function restoreData(
  folder: string,
  from: string,
): BackupReport & { replaced: string | null } {
  const backup = resolve(from)
  if (!existsSync(backup)) throw new LatchkeyError('not_found', `There is no file ${backup}.`)
  return telling(folder, () => {
    const file = prepareFolder(resolve(folder))
    const lock = lockFolder(resolve(folder))
    try {
      const part = `${file}.restored`
      rmSync(part, { force: true })
      closeSync(openSync(part, 'wx', 0o600))
      copyFileSync(backup, part)
      requireSound(part)
      syncFile(part)
      const replaced = setAside(file)
      renameSync(part, file)
      syncFile(dirname(file))
      return { file, bytes: statSync(file).size, replaced }
    } finally {
      lock.close()
    }
  })
}

/** Returns whether a folder holds data. */
export function hasData(folder: string): boolean {
  return (statSync(join(folder, DATA_FILE), { throwIfNoEntry: false })?.size ?? 0) > 0
}

function copyInto(source: string, part: string): void {
  const db = new DatabaseSync(source, { readOnly: true, timeout: 10_000 })
  try {
    db.prepare('VACUUM INTO ?').run(part)
  } finally {
    db.close()
  }
}

// A link refuses to replace a file that appeared meanwhile; not every file system has links.
function publish(part: string, file: string): void {
  try {
    linkSync(part, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST' || existsSync(file)) throw error
    renameSync(part, file)
  }
}

// The last connection that closes merges the write-ahead log into the file.
function setAside(file: string): string | null {
  if (statSync(file).size === 0) return null
  const db = new DatabaseSync(file)
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
  for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true })
  const replaced = `${file}.replaced`
  renameSync(file, replaced)
  return replaced
}

function requireSound(file: string): void {
  let cause: unknown
  try {
    if (isSound(file)) return
  } catch (error) {
    if (isBusy(error)) throw error
    cause = error
  }
  throw new LatchkeyError('invalid_request', 'The file is not a sound backup of this release.', {
    cause,
  })
}

function isSound(file: string): boolean {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    const one = (sql: string) => Object.values(db.prepare(sql).get() ?? {})[0]
    const version = Number(one('PRAGMA user_version'))
    const tables =
      "SELECT count(*) FROM sqlite_schema WHERE name IN ('actors', 'sessions', 'audit')"
    const isOurs = version >= 1 && version <= LAYOUT_VERSION && one(tables) === 3
    return isOurs && one('PRAGMA integrity_check') === 'ok'
  } finally {
    db.close()
  }
}

function syncFile(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function fileExists(file: string): LatchkeyError {
  return new LatchkeyError('conflict', `${file} exists. Remove it, or name another file.`)
}

function telling<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    if (cause instanceof LatchkeyError) throw cause
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') throw fileExists(path)
    throw new LatchkeyError('unavailable', `${path} cannot be written.`, { cause })
  }
}
