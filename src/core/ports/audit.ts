import type { AuditEntry, AuditPage, AuditQuery } from '../audit.ts'

export interface Audit {
  append(entries: readonly AuditEntry[]): Promise<void>
  /** Newest first. */
  list(query: AuditQuery): Promise<AuditPage>
  /** Removes at most `limit` entries older than `before`, or beyond the newest `maxEntries`. */
  prune(query: {
    readonly before: number
    readonly maxEntries: number
    readonly limit: number
  }): Promise<number>
}
