import type { ColumnType, Generated } from 'kysely'
import type { ActorStatus } from '../../core/actor.ts'
import type { AuditAct } from '../../core/audit.ts'
import type { EndReason } from '../../core/session/record.ts'

/** A column that the database computes. */
type Computed<T> = ColumnType<T, never, never>

export interface SessionTable {
  /** The order of creation. */
  seq: Computed<number>
  id: string
  owner: string
  acts_as: string | null
  parent: string | null
  anonymous: boolean
  profile: string
  door: string
  token_hash: string
  previous_token_hash: string | null
  previous_token_until: number
  /** Null where the session has no renewal code, and then the other columns of renewal too. */
  family_hash: string | null
  renewal_hash: string | null
  previous_renewal_hash: string | null
  renewed_at: number | null
  sealed: string | null
  reissues: number | null
  created_at: number
  authenticated_at: number
  /** JSON: pairs of method and time. */
  factors: string
  last_used_at: number
  token_expires_at: number | null
  idle_ms: number | null
  ends_at: number
  expires_at: Computed<number>
  /** JSON: address, user agent and label. */
  client: string
  /** JSON: address prefix and key thumbprint. */
  binding: string | null
  /** JSON. */
  roles: string | null
  session_group: string | null
  /** Null for a session that is not anonymous; empty without an address. */
  anonymous_prefix: string | null
  global_epoch: number
  owner_epoch: number
  generation: number
  issued_at: number
  used_at: number | null
  version: number
  ended_at: number | null
  end_reason: EndReason | null
  data: string | null
  data_version: Generated<number>
}

export interface ActorTable {
  seq: Computed<number>
  id: string
  name: string
  folded_name: string
  /** JSON. */
  identities: string
  /** The canonical values, each after a line break, for searches. */
  folded_identities: string
  roles: string[]
  status: ActorStatus
  anonymous: boolean
  created_at: number
  password_hash: string | null
}

export interface AuditTable {
  seq: Computed<number>
  /** The number of the writing transaction, for reading forwards. */
  transaction: Computed<number>
  at: number
  act: AuditAct
  outcome: string
  actor: string | null
  target: string | null
  session: string | null
  door: string | null
  address: string | null
  identity_hash: string | null
  /** JSON. */
  detail: string | null
}

/** The tables of a store. Times are epoch milliseconds. */
export interface Tables {
  global_epoch: { one: Generated<boolean>; epoch: number }
  epochs: { owner: string; epoch: number }
  sessions: SessionTable
  actors: ActorTable
  /** `actor` is 0 where the actor of a hold is deleted. */
  identities: { identity: string; actor: number; held_until: number | null }
  counters: {
    /** The order of the last reservation. */
    seq: Generated<number>
    key: string
    count: number
    at: number
    expires_at: number
  }
  documents: { key: string; value: string; version: number; expires_at: number | null }
  audit: AuditTable
  mailbox_events: {
    seq: Computed<number>
    mailbox: string
    /** JSON; empty for a marker of dropped events. */
    event: string
    bytes: number
    /** How many events were dropped before this one. */
    dropped: Generated<number>
    expires_at: number
  }
  bus_nodes: {
    id: string
    name: string
    /** The release, for people. */
    release: string
    /** The version of the signals. */
    protocol: number
    lease_ms: number
    number: number
    beat: number
    started_at: Computed<Date>
    seen_at: ColumnType<Date, never, Date>
  }
  /** Signals that are too large for a notification. */
  bus_payloads: { id: Computed<number>; payload: string; created_at: Computed<Date> }
}
