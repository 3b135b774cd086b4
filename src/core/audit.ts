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
  | 'signing_keys_replaced'
  | 'device_approved'
  | 'device_denied'
  | 'client_registered'
  | 'client_removed'

/**
 * One audit entry: the act, its actor and target, the door, the client's address, the time and the
 * outcome.
 */
export interface AuditEntry {
  /** When the act took place, in epoch milliseconds. */
  readonly at: number
  /** What was done or refused. */
  readonly act: AuditAct
  /** `ok`, or the error code of the refusal. */
  readonly outcome: string
  /** The acting actor; null for an unauthenticated client. Under impersonation the impersonator. */
  readonly actor: string | null
  /** The actor that the act changed, if it is not the acting actor. */
  readonly target: string | null
  /** The id of the session that the act concerns; null if it concerns none. */
  readonly session: string | null
  /** The door of the request, such as `http`; null for the authority's own acts. */
  readonly door: string | null
  /** The client's address in canonical form; null for calls in process. */
  readonly address: string | null
  /**
   * A keyed hash of the identity that an unauthenticated client typed. It is hashed because users
   * type passwords into that field.
   */
  readonly identityHash: string | null
  /** Further facts. Never contains a secret. */
  readonly detail: Readonly<Record<string, string | number | boolean | null>> | null
}

/** Selects entries of the audit trail. Conditions that are absent match every entry. */
export interface AuditQuery {
  /** Only entries whose acting actor has this id. */
  readonly actor?: string
  /** Only entries of this act. */
  readonly act?: AuditAct
  /** Only entries about the session with this id. */
  readonly session?: string
  /** Only entries at this time or later, in epoch milliseconds. */
  readonly since?: number
  /** The size of a page, 1 to 1,000. */
  readonly limit: number
  /** The `next` of the previous page. */
  readonly after?: string
}

/** A page of the audit trail, newest first. */
export interface AuditPage {
  /** The entries of this page, each with an id. */
  readonly items: readonly (AuditEntry & { readonly id: string })[]
  /** An opaque cursor; pass it as `after`. Absent on the last page. */
  readonly next?: string
}
