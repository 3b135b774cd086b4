/** What was done. `*_refused` acts carry the code in `outcome`. */
export type AuditAct =
  | 'actor_created'
  | 'actor_updated'
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
  | 'signing_key_rotated'
  | 'device_approved'
  | 'device_denied'

/** One line of the trail: who did what, to whom, through which door, from where, when, with which outcome. */
export interface AuditEntry {
  readonly at: number
  readonly act: AuditAct
  /** `ok`, or the code of the refusal. */
  readonly outcome: string
  /** Who acted: null for a stranger. Under impersonation the impersonator. */
  readonly actor: string | null
  /** The actor it was done to, where that is another. */
  readonly target: string | null
  readonly session: string | null
  readonly door: string | null
  readonly address: string | null
  /** What a stranger typed as identity, as a keyed hash: people type passwords there. */
  readonly identityHash: string | null
  /** Further facts, never a secret. */
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
