import { expiresAt } from '../../core/session/lifetimes.ts'
import type { SessionRecord } from '../../core/session/record.ts'
import { anonymousPrefix } from '../kit/eviction.ts'

/** The columns of a session, in the order of {@link SessionRow}. */
export const SESSION_COLUMNS =
  'id, owner, profile, door, acts_as, parent, created_at, last_used_at, expires_at, token_expires_at, ' +
  'idle_ms, ends_at, global_epoch, version, ended_at, end_reason, packed, owner_epoch, used_at, label, ' +
  'anonymous_prefix'

/** A session as a table row, and as sent to the writing thread. */
export type SessionRow = readonly [
  id: string,
  owner: string,
  profile: string,
  door: string,
  actsAs: string | null,
  parent: string | null,
  createdAt: number,
  lastUsedAt: number,
  expiresAt: number,
  tokenExpiresAt: number | null,
  idleMs: number | null,
  endsAt: number,
  globalEpoch: number,
  version: number,
  endedAt: number | null,
  endReason: SessionRecord['endReason'],
  packed: string,
  ownerEpoch: number,
  usedAt: number | null,
  group: string | null,
  anonymousPrefix: string | null,
]

/**
 * The fields that no condition uses, as one text: half the size of separate columns, and one value
 * to bind.
 */
type Packed = [
  anonymous: 0 | 1,
  tokenHash: string,
  previousTokenHash: string | null,
  previousTokenUntil: number,
  renewal:
    | [
        familyHash: string,
        hash: string,
        previousHash: string | null,
        renewedAt: number,
        sealed: string | null,
        reissues?: number,
      ]
    | null,
  authenticatedAt: number,
  client: [address: string | null, userAgent: string | null, label: string | null],
  binding: [addressPrefix: string | null, keyThumbprint: string | null] | null,
  roles: readonly string[] | null,
  generation: number,
  // Absent in rows of an earlier release.
  issuedAt?: number,
  factors?: readonly (readonly [method: string, at: number])[],
]

function pack(record: SessionRecord): string {
  const { renewal, client, binding } = record
  const packed: Packed = [
    record.anonymous ? 1 : 0,
    record.tokenHash,
    record.previousTokenHash,
    record.previousTokenUntil,
    renewal && [
      renewal.familyHash,
      renewal.hash,
      renewal.previousHash,
      renewal.renewedAt,
      renewal.sealed,
      renewal.reissues,
    ],
    record.authenticatedAt,
    [client.address, client.userAgent, client.label],
    binding && [binding.addressPrefix, binding.keyThumbprint],
    record.roles,
    record.generation,
    record.issuedAt,
    record.factors.map(({ method, at }) => [method, at]),
  ]
  return JSON.stringify(packed)
}

/** Returns the row of a record. */
export function toSessionRow(record: SessionRecord): SessionRow {
  return [
    record.id,
    record.owner,
    record.profile,
    record.door,
    record.actsAs,
    record.parent,
    record.createdAt,
    record.lastUsedAt,
    expiresAt(record),
    record.tokenExpiresAt,
    record.idleMs,
    record.endsAt,
    record.globalEpoch,
    record.version,
    record.endedAt,
    record.endReason,
    pack(record),
    record.ownerEpoch,
    record.usedAt,
    record.group,
    anonymousPrefix(record),
  ]
}

/** Returns the record of a row. */
export function fromSessionRow(row: readonly [...SessionRow, ...unknown[]]): SessionRecord {
  const packed: Packed = JSON.parse(row[16])
  const [anonymous, tokenHash, previousTokenHash, previousTokenUntil, renewal, ...others] = packed
  const [authenticatedAt, client, binding, roles, generation, issuedAt, factors = []] = others
  return {
    id: row[0],
    owner: row[1],
    actsAs: row[4],
    parent: row[5],
    anonymous: anonymous === 1,
    profile: row[2],
    door: row[3],
    tokenHash,
    previousTokenHash,
    previousTokenUntil,
    renewal: renewal && {
      familyHash: renewal[0],
      hash: renewal[1],
      previousHash: renewal[2],
      renewedAt: renewal[3],
      sealed: renewal[4],
      reissues: renewal[5] ?? 0,
    },
    createdAt: row[6],
    authenticatedAt,
    factors: factors.map(([method, at]) => ({ method, at })),
    lastUsedAt: row[7],
    tokenExpiresAt: row[9],
    idleMs: row[10],
    endsAt: row[11],
    client: { address: client[0], userAgent: client[1], label: client[2] },
    binding: binding && { addressPrefix: binding[0], keyThumbprint: binding[1] },
    roles,
    group: row[19],
    globalEpoch: row[12],
    ownerEpoch: row[17],
    generation,
    issuedAt: issuedAt ?? renewal?.[3] ?? row[6],
    usedAt: row[18],
    version: row[13],
    endedAt: row[14],
    endReason: row[15],
  }
}
