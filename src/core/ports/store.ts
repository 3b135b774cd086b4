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
  /** The size of the data file. */
  readonly databaseBytes: number
  /** The size of the write-ahead log. */
  readonly walBytes: number
  /** Writes that wait for the disk. */
  readonly queuedWrites: number
}

/** A complete store: every port on one engine, or composed of several engines. */
export interface Store {
  /** The name of the engine, such as `sqlite`, for logs and error messages. */
  readonly name: string
  /** The actors, their identities and password hashes. */
  readonly directory: ManagedDirectory
  /** The sessions and the epochs. */
  readonly sessions: SessionStore
  /** The data that applications keep with sessions. */
  readonly data: SessionData
  /** The counters of attempts. */
  readonly counters: Counters
  /** Settings, signing keys, pending logins and device codes. */
  readonly documents: Documents
  /** The audit trail. */
  readonly audit: Audit
  /** Events that wait for a connection. */
  readonly mailboxes: Mailboxes
  /** The channel on which nodes tell each other what changed. */
  readonly bus: Bus
  /** The time source that every write uses. */
  readonly clock: Clock
  /** Returns the sizes of the engine, for metrics. A store without files has none. */
  stats?(): StoreStats
  /** Completes pending writes and closes files and connections. Idempotent. */
  close(): Promise<void>
}
