import type { AuditEntry, AuditPage, AuditQuery } from '../audit.ts'

/** A page of the audit trail in the order of writing. */
export interface AuditTail {
  /** The entries, oldest first. */
  readonly items: readonly (AuditEntry & { readonly id: string })[]
  /**
   * Pass it as `after` to continue. It is never after an entry that an open transaction may still
   * precede.
   */
  readonly cursor: string
}

/** The audit trail of authentication acts: append only, in order. */
export interface Audit {
  /** Adds entries at the end, in the given order. */
  append(entries: readonly AuditEntry[]): Promise<void>
  /** Newest first. */
  list(query: AuditQuery): Promise<AuditPage>
  /**
   * Reads forwards from a cursor, oldest first, without loss or repetition; from the oldest entry
   * without `after`. Rejects with `invalid_request` for a cursor that this trail did not return or
   * a limit outside 1 to 1,000.
   */
  read(query: { readonly after?: string; readonly limit: number }): Promise<AuditTail>
  /** Removes at most `limit` entries older than `before`, or beyond the newest `maxEntries`. */
  prune(query: {
    readonly before: number
    readonly maxEntries: number
    readonly limit: number
  }): Promise<number>
  /**
   * Removes the personal data (`address`, `identityHash`, `detail`) of the entries whose `actor` is
   * one of `actors`, among the `limit` entries that follow the cursor `after`, the oldest ones
   * without it. Returns how many entries changed, and the cursor to continue from unless the end is
   * reached.
   */
  erase(query: {
    readonly actors: readonly string[]
    readonly after?: string
    readonly limit: number
  }): Promise<{ readonly erased: number; readonly next?: string }>
}
