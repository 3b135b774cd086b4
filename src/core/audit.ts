/** The audited act. A `*_refused` act has the error code in `outcome`. */
export type AuditAct =
  | 'actor_created'
  | 'actor_updated'
  | 'actor_deleted'
  | 'actor_suspended'
  | 'actor_restored'
  | 'roles_changed'
  | 'login'
  | 'logout'
  | 'anonymous_login'
  | 'renewal'
  | 'reuse_detected'
  | 'step_up'
  | 'session_ended'
  | 'sessions_ended'
  | 'session_evicted'
  | 'password_changed'
  | 'impersonation_started'
  | 'impersonation_ended'
  | 'all_locked'
  | 'setting_changed'
  | 'administrator_claimed'
  | 'invitation_created'
  | 'password_reset_created'
  | 'signing_key_rotated'
  | 'device_approved'
  | 'device_denied'

/**
 * One audit entry: the act, its actor and target, the door, the client's address, the time and the
 * outcome.
 */
export interface AuditEntry {
  readonly at: number
  readonly act: AuditAct
  /** `ok`, or the error code of the refusal. */
  readonly outcome: string
  /** The acting actor; null for an unauthenticated client. Under impersonation the impersonator. */
  readonly actor: string | null
  /** The actor that the act changed, if it is not the acting actor. */
  readonly target: string | null
  readonly session: string | null
  readonly door: string | null
  readonly address: string | null
  /**
   * A keyed hash of the identity that an unauthenticated client typed. It is hashed because users
   * type passwords into that field.
   */
  readonly identityHash: string | null
  /** Further facts. Never contains a secret. */
  readonly detail: Readonly<Record<string, string | number | boolean | null>> | null
}

export interface AuditQuery {
  readonly actor?: string
  readonly act?: AuditAct
  readonly session?: string
  readonly since?: number
  readonly limit: number
  readonly after?: string
}

export interface AuditPage {
  readonly items: readonly (AuditEntry & { readonly id: string })[]
  readonly next?: string
}
