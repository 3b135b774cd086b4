import type { AuditEntry } from '../audit.ts'

/** Receives the acts and durations of an authority, for metrics. Its functions must not throw. */
export interface AuthorityObserver {
  /**
   * A login, step-up, impersonation or renewal took place or was refused, or a used renewal code ended a session: its audit entry, once
   * it is written. Also called for refusals and anonymous logins that the audit trail leaves out.
   */
  audited?(entry: AuditEntry): void
  /** A password was hashed or verified, in milliseconds without the wait for a turn. */
  hashed?(ms: number): void
  /** A change that takes something away was written, and confirmed by every node, in milliseconds. */
  revoked?(ms: number): void
}
