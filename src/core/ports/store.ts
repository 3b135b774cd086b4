import type { Audit } from './audit.ts'
import type { Bus } from './bus.ts'
import type { Clock } from './clock.ts'
import type { Counters } from './counters.ts'
import type { ManagedDirectory } from './directory.ts'
import type { Documents } from './documents.ts'
import type { Mailboxes } from './mailboxes.ts'
import type { SessionData } from './session-data.ts'
import type { SessionStore } from './session-store.ts'

/** The sizes of an engine. */
export interface StoreStats {
  readonly databaseBytes: number
  /** The size of the write-ahead log. */
  readonly walBytes: number
  /** Writes that wait for the disk. */
  readonly queuedWrites: number
}

export interface Store {
  readonly name: string
  readonly directory: ManagedDirectory
  readonly sessions: SessionStore
  readonly data: SessionData
  readonly counters: Counters
  readonly documents: Documents
  readonly audit: Audit
  readonly mailboxes: Mailboxes
  readonly bus: Bus
  readonly clock: Clock
  /** Returns the sizes of the engine, for metrics. A store without files has none. */
  stats?(): StoreStats
  /** Completes pending writes and closes files and connections. Idempotent. */
  close(): Promise<void>
}
