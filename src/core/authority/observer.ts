import type { AuditEntry } from '../audit.ts'

/** Is told what an authority does, for metrics. Its functions must not throw. */
export interface AuthorityObserver {
  /** An audit entry is being written: a login, a renewal, a refusal. */
  audited?(entry: AuditEntry): void
  /** A password was hashed or verified, in milliseconds without the wait for a turn. */
  hashed?(ms: number): void
  /** A change that takes something away was written, and confirmed by every node, in milliseconds. */
  revoked?(ms: number): void
}
