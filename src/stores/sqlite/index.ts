import { resolve } from 'node:path'
import { LatchkeyError } from '../../core/errors.ts'
import type { Clock, Store } from '../../core/ports/index.ts'
import { systemClock } from '../kit/clock.ts'
import { soloBus } from '../kit/solo-bus.ts'
import { createAudit } from './audit.ts'
import { lockFolder } from './connection.ts'
import { createCounters } from './counters.ts'
import { createDirectory } from './directory.ts'
import { createDocuments } from './documents.ts'
import { prepareFolder } from './folder.ts'
import { createMailboxes } from './mailboxes.ts'
import { createReader } from './reader.ts'
import { createSessionData } from './session-data.ts'
import { createSessionStore } from './sessions.ts'
import { openGroupWriter } from './writer.ts'

export { DATA_FOLDER_LOCKED } from './connection.ts'

/** Options of `sqlite`. */
export interface SqliteOptions {
  /** The data folder, created if it is missing; only one process at a time can have it open. */
  readonly folder: string
  /** The machine's clock by default. */
  readonly clock?: Clock
  /**
   * The maximum size of the data file; a write that would exceed it is refused as on a full disk.
   * Unlimited by default.
   */
  readonly maxBytes?: number
  /** The maximum number of counters; 1,000,000 by default. */
  readonly maxCounterKeys?: number
  /** The maximum number of queued writes; further ones are refused as `busy`. 50,000 by default. */
  readonly maxQueuedWrites?: number
  /** How long a write waits if another program has locked the file; 2,000 by default. */
  readonly lockWaitMs?: number
}

/**
 * Opens a store in one file, `latchkey.db`, for one process. Every acknowledged write is on the
 * disk. Rejects with `conflict` (`details.reason` is {@link DATA_FOLDER_LOCKED}) if another process
 * has the folder, and with `unavailable` if it cannot be opened or was written by a later release.
 */
export async function sqlite(options: SqliteOptions): Promise<Store> {
  const folder = resolve(options.folder)
  const { file, lock } = take(folder)
  try {
    const writer = await openGroupWriter(
      { file, maxBytes: options.maxBytes ?? null, lockWaitMs: options.lockWaitMs ?? 2000 },
      options.maxQueuedWrites ?? 50_000,
    )
    const reader = createReader(file)
    let closing: Promise<void> | null = null
    const close = async () => {
      // The reader is closed first: the last connection to close merges the write-ahead log into
      // the file.
      reader.close()
      await writer.close()
      lock.close()
    }
    return {
      name: 'sqlite',
      directory: createDirectory(reader, writer),
      sessions: createSessionStore(reader, writer),
      data: createSessionData(reader, writer),
      counters: createCounters(writer, options.maxCounterKeys ?? 1_000_000),
      documents: createDocuments(reader, writer),
      audit: createAudit(reader, writer),
      mailboxes: createMailboxes(writer),
      bus: soloBus(),
      clock: options.clock ?? systemClock(),
      close() {
        closing ??= close()
        return closing
      },
    }
  } catch (error) {
    lock.close()
    throw error
  }
}

function take(folder: string) {
  try {
    return { file: prepareFolder(folder), lock: lockFolder(folder) }
  } catch (cause) {
    if (cause instanceof LatchkeyError) throw cause
    throw new LatchkeyError('unavailable', `The data folder ${folder} cannot be used.`, { cause })
  }
}
