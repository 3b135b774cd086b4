import { randomUUID } from 'node:crypto'
import type { Actor } from '../core/actor.ts'
import type { AuditEntry } from '../core/audit.ts'
import type { CreateConditions, SessionStore } from '../core/ports/index.ts'
import type { SessionRecord } from '../core/session/record.ts'

/** The instant at which the records made here begin, in epoch milliseconds. */
export const START = Date.UTC(2026, 0, 1)

const HOUR = 3_600_000

let made = 0

/** A session of an hour idle and a day in all, with every field filled; ids are unique. */
export function sessionRecord(overrides: Partial<SessionRecord> = {}): SessionRecord {
  made++
  const createdAt = overrides.createdAt ?? START
  return {
    id: `Abc${String(made).padStart(22, '0')}`,
    owner: '00000000-0000-4000-8000-000000000001',
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
    },
    createdAt,
    authenticatedAt: createdAt,
    lastUsedAt: createdAt,
    tokenExpiresAt: null,
    idleMs: HOUR,
    endsAt: createdAt + 24 * HOUR,
    client: { address: '192.0.2.7', userAgent: 'Mozilla/5.0 “ü”', label: null },
    binding: { addressPrefix: '192.0.2.0/24', keyThumbprint: null },
    roles: ['user', 'editor'],
    globalEpoch: 0,
    generation: 1,
    version: 1,
    endedAt: null,
    endReason: null,
    ...overrides,
  }
}

/** An active actor with a name of its own as identity. */
export function actorRecord(overrides: Partial<Actor> = {}): Actor {
  made++
  return {
    id: randomUUID(),
    name: `Actor ${made}`,
    identities: [`actor-${made}`],
    roles: ['user'],
    status: 'active',
    anonymous: false,
    createdAt: START,
    ...overrides,
  }
}

/** A line of the trail: a login that succeeded. */
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

/** Conditions that a first login meets: both epochs 0, no limit. */
export function conditions(overrides: Partial<CreateConditions> = {}): CreateConditions {
  return { now: START, epochs: { owner: 0, global: 0 }, ...overrides }
}

/** Creates a session that must be accepted, and returns its record. */
export async function createdSession(
  sessions: SessionStore,
  overrides: Partial<SessionRecord> = {},
): Promise<SessionRecord> {
  const record = sessionRecord(overrides)
  const epochs = await sessions.findEpochs(record.owner)
  const outcome = await sessions.create(record, conditions({ now: record.createdAt, epochs }))
  if (!outcome.ok) throw new Error(`The session was refused: ${outcome.refused}.`)
  return record
}
