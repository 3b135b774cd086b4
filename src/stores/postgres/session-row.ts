import type { Insertable, Selectable } from 'kysely'
import type { RenewalState, SessionRecord } from '../../core/session/record.ts'
import { anonymousPrefix } from '../kit/eviction.ts'
import type { SessionTable } from './tables.ts'

/** The columns of a record, without its data. */
export const SESSION_COLUMNS = [
  ...(['seq', 'id', 'owner', 'acts_as', 'parent', 'anonymous', 'profile', 'door'] as const),
  ...(['token_hash', 'previous_token_hash', 'previous_token_until'] as const),
  ...(['family_hash', 'renewal_hash', 'previous_renewal_hash', 'renewed_at', 'sealed'] as const),
  ...(['reissues', 'created_at', 'authenticated_at', 'factors', 'last_used_at'] as const),
  ...(['token_expires_at', 'idle_ms', 'ends_at', 'client', 'binding', 'roles'] as const),
  ...(['session_group', 'global_epoch', 'owner_epoch', 'generation', 'issued_at'] as const),
  ...(['used_at', 'version', 'ended_at', 'end_reason'] as const),
]

/** A session as a table row. */
export type SessionRow = Pick<Selectable<SessionTable>, (typeof SESSION_COLUMNS)[number]>

/** Returns the columns that a renewal or a step-up may change. */
export function changedColumns(record: SessionRecord) {
  const { renewal, client, binding, roles } = record
  return {
    token_hash: record.tokenHash,
    previous_token_hash: record.previousTokenHash,
    previous_token_until: record.previousTokenUntil,
    family_hash: renewal?.familyHash ?? null,
    renewal_hash: renewal?.hash ?? null,
    previous_renewal_hash: renewal?.previousHash ?? null,
    renewed_at: renewal?.renewedAt ?? null,
    sealed: renewal?.sealed ?? null,
    reissues: renewal?.reissues ?? null,
    authenticated_at: record.authenticatedAt,
    factors: JSON.stringify(record.factors.map(({ method, at }) => [method, at])),
    token_expires_at: record.tokenExpiresAt,
    idle_ms: record.idleMs,
    ends_at: record.endsAt,
    client: JSON.stringify([client.address, client.userAgent, client.label]),
    binding: binding && JSON.stringify([binding.addressPrefix, binding.keyThumbprint]),
    roles: roles && JSON.stringify(roles),
    generation: record.generation,
    issued_at: record.issuedAt,
    used_at: record.usedAt,
    version: record.version,
  }
}

/** Returns the row of a record. */
export function toSessionRow(record: SessionRecord): Insertable<SessionTable> {
  return {
    ...changedColumns(record),
    id: record.id,
    owner: record.owner,
    acts_as: record.actsAs,
    parent: record.parent,
    anonymous: record.anonymous,
    profile: record.profile,
    door: record.door,
    created_at: record.createdAt,
    last_used_at: record.lastUsedAt,
    session_group: record.group,
    anonymous_prefix: anonymousPrefix(record),
    global_epoch: record.globalEpoch,
    owner_epoch: record.ownerEpoch,
    ended_at: record.endedAt,
    end_reason: record.endReason,
  }
}

/** Returns the record of a row. */
export function fromSessionRow(row: SessionRow): SessionRecord {
  const [address, userAgent, label] = JSON.parse(row.client)
  const [addressPrefix, keyThumbprint] = row.binding === null ? [] : JSON.parse(row.binding)
  const factors: [method: string, at: number][] = JSON.parse(row.factors)
  return {
    id: row.id,
    owner: row.owner,
    actsAs: row.acts_as,
    parent: row.parent,
    anonymous: row.anonymous,
    profile: row.profile,
    door: row.door,
    tokenHash: row.token_hash,
    previousTokenHash: row.previous_token_hash,
    previousTokenUntil: row.previous_token_until,
    renewal: renewalOf(row),
    createdAt: row.created_at,
    authenticatedAt: row.authenticated_at,
    factors: factors.map(([method, at]) => ({ method, at })),
    lastUsedAt: row.last_used_at,
    tokenExpiresAt: row.token_expires_at,
    idleMs: row.idle_ms,
    endsAt: row.ends_at,
    client: { address, userAgent, label },
    binding: row.binding === null ? null : { addressPrefix, keyThumbprint },
    roles: row.roles === null ? null : JSON.parse(row.roles),
    group: row.session_group,
    globalEpoch: row.global_epoch,
    ownerEpoch: row.owner_epoch,
    generation: row.generation,
    issuedAt: row.issued_at,
    usedAt: row.used_at,
    version: row.version,
    endedAt: row.ended_at,
    endReason: row.end_reason,
  }
}

function renewalOf(row: SessionRow): RenewalState | null {
  const { family_hash: familyHash, renewal_hash: hash } = row
  if (familyHash === null || hash === null) return null
  return {
    familyHash,
    hash,
    previousHash: row.previous_renewal_hash,
    renewedAt: row.renewed_at ?? 0,
    sealed: row.sealed,
    reissues: row.reissues ?? 0,
  }
}
