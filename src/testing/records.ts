import { randomUUID } from 'node:crypto'
import type { Actor, Identity } from '../core/actor.ts'
import type { AuditEntry } from '../core/audit.ts'
import type { CreateConditions, SessionStore } from '../core/ports/index.ts'
import type { SessionRecord } from '../core/session/record.ts'

/** The time at which the records of this module start, in epoch milliseconds. */
export const START = Date.UTC(2026, 0, 1)

const HOUR = 3_600_000

const OWNER = '00000000-0000-4000-8000-000000000001'

let made = 0

/**
 * Returns a session with an hour of idle time and a day in total, with every field filled and a
 * unique id.
 */
export function sessionRecord(overrides: Partial<SessionRecord> = {}): SessionRecord {
  made++
  const createdAt = overrides.createdAt ?? START
  return {
    id: `Abc${String(made).padStart(22, '0')}`,
    owner: OWNER,
    actsAs: null,
    parent: null,
    anonymous: false,
    profile: 'web',
    door: 'http',
    tokenHash: `token-${made}`,
    previousTokenHash: `previous-${made}`,
    previousTokenUntil: createdAt + 30_000,
    renewal: {
      familyHash: `family-${made}`,
      hash: `renewal-${made}`,
      previousHash: null,
      renewedAt: createdAt,
      sealed: null,
      reissues: 0,
    },
    createdAt,
    authenticatedAt: createdAt,
    factors: [{ method: 'pwd', at: createdAt }],
    lastUsedAt: createdAt,
    tokenExpiresAt: null,
    idleMs: HOUR,
    endsAt: createdAt + 24 * HOUR,
    client: { address: '192.0.2.7', userAgent: 'Mozilla/5.0 “ü”', label: null },
    binding: { addressPrefix: '192.0.2.0/24', keyThumbprint: null },
    roles: ['user', 'editor'],
    group: null,
    globalEpoch: 0,
    ownerEpoch: 0,
    generation: 1,
    issuedAt: createdAt,
    usedAt: createdAt,
    version: 1,
    endedAt: null,
    endReason: null,
    ...overrides,
  }
}

/** Returns an identity in use: an e-mail address if it contains `@`, else a name. */
export function identity(value: string): Identity {
  return { value, kind: value.includes('@') ? 'email' : 'name', verifiedAt: null }
}

/** Returns an active actor with a unique name as identity. */
export function actorRecord(overrides: Partial<Actor> = {}): Actor {
  made++
  return {
    id: randomUUID(),
    name: `Actor ${made}`,
    identities: [identity(`actor-${made}`)],
    roles: ['user'],
    status: 'active',
    anonymous: false,
    createdAt: START,
    ...overrides,
  }
}

/** Returns the audit entry of a login that succeeded. */
export function auditEntry(overrides: Partial<AuditEntry> = {}): AuditEntry {
  return {
    at: START,
    act: 'login',
    outcome: 'ok',
    actor: 'actor',
    target: null,
    session: null,
    door: 'http',
    address: '192.0.2.7',
    identityHash: null,
    detail: null,
    ...overrides,
  }
}

/** Returns conditions that any login meets: no limit. */
export function conditions(overrides: Partial<CreateConditions> = {}): CreateConditions {
  return { now: START, ...overrides }
}

/** Creates a session and returns its record. Throws if it is refused. */
export async function createdSession(
  sessions: SessionStore,
  overrides: Partial<SessionRecord> = {},
): Promise<SessionRecord> {
  const epochs = await sessions.findEpochs(overrides.owner ?? OWNER)
  const record = sessionRecord({
    ownerEpoch: epochs.owner,
    globalEpoch: epochs.global,
    ...overrides,
  })
  const outcome = await sessions.create(record, conditions({ now: record.createdAt }))
  if (!outcome.ok) throw new Error(`The session was refused: ${outcome.refused}.`)
  return record
}
