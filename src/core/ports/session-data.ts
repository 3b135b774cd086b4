import type { EndedSession, SessionRecord } from '../session/record.ts'
import type { Page } from './page.ts'
import type { SessionQuery, WriteOptions } from './session-store.ts'

/** The data that an application stores with a session, as JSON text. */
export interface StoredData {
  /** The data as JSON text. */
  readonly value: string
  /** Starts at 1 and rises with each save. */
  readonly version: number
}

/** A session and its data, written in one step. */
export interface DataPut {
  /**
   * - `create`: only if no record of that id exists
   * - `update`: only if the session is live
   * - `upsert`: creates only if no record of that id exists, ended ones included, else as `update`
   */
  readonly mode: 'create' | 'update' | 'upsert'
  /**
   * The record to create. For an existing session only `lastUsedAt` (which never falls), `idleMs`
   * and `endsAt` are used.
   */
  readonly record: SessionRecord
  /** The data to store, as JSON text. */
  readonly value: string
  /**
   * Write only if the data has this version (0: there is none yet). Absent: the last write wins.
   */
  readonly expectedVersion?: number
  /** The time of the write, in epoch milliseconds. */
  readonly now: number
  /** As in `CreateConditions`, when the session is created. */
  readonly perAddress?: number
}

/** The outcome of a `put`: what was written, or the condition that refused it. */
export type PutOutcome =
  | {
      readonly ok: true
      readonly created: boolean
      readonly version: number
      /** Whether the session now ends earlier than before. */
      readonly endsEarlier: boolean
      /** The sessions evicted by `perAddress`. */
      readonly ended: readonly EndedSession[]
    }
  | { readonly ok: false; readonly refused: 'exists' | 'ended' | 'version' | 'epoch' }

/**
 * The data of sessions: a record with its own version. A save never changes the session's version
 * and never restores an ended session. The data is removed with the session's record.
 */
export interface SessionData {
  /** Returns null if there is none. */
  find(id: string): Promise<StoredData | null>
  /**
   * Replaces the data of a session that has not ended, if its version is `expectedVersion` (0:
   * there is none yet; absent: the last write wins). Returns the new version, or null with nothing
   * written.
   */
  save(id: string, value: string, expectedVersion?: number): Promise<number | null>
  /**
   * Writes a session and its data in one step, or writes nothing and returns a refusal; refuses
   * `epoch` as `SessionStore.create` does.
   */
  put(put: DataPut, options?: WriteOptions): Promise<PutOutcome>
  /** Lists live sessions with their data, newest first, in one read. */
  list(
    query: SessionQuery,
  ): Promise<Page<{ readonly record: SessionRecord; readonly data: StoredData | null }>>
}
