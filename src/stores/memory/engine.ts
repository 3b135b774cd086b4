import type { Actor } from '../../core/actor.ts'
import type { AuditEntry } from '../../core/audit.ts'
import { LatchkeyError } from '../../core/errors.ts'
import type { ActorEvent } from '../../core/event.ts'
import type { Clock, CounterState, Document } from '../../core/ports/index.ts'
import type { SessionRecord } from '../../core/session/record.ts'
import { systemClock } from '../kit/clock.ts'
import { createHub, type Hub } from './bus.ts'

/** A stored session, with its creation number and its data. */
export interface SessionRow {
  readonly seq: number
  record: SessionRecord
  data: { readonly value: string; readonly version: number } | null
}

/** A stored actor, with its creation number and its verifier. */
export interface ActorRow {
  readonly seq: number
  actor: Actor
  passwordHash: string | null
}

/** An event in a mailbox, or with null a marker for dropped ones. */
export interface WaitingEvent {
  readonly sequence: number
  readonly event: ActorEvent | null
  /** How many events were dropped before it. */
  readonly dropped: number
  readonly bytes: number
  readonly expiresAt: number
}

/** All stored data. Maps keep the order of insertion, which is the order of creation. */
export interface Tables {
  nextSeq: number
  globalEpoch: number
  readonly ownerEpochs: Map<string, number>
  readonly sessions: Map<string, SessionRow>
  readonly sessionsByOwner: Map<string, Set<string>>
  readonly sessionsByParent: Map<string, Set<string>>
  /** The anonymous sessions that have not ended, by address prefix. */
  readonly anonymousByPrefix: Map<string, Set<string>>
  readonly actors: Map<string, ActorRow>
  /**
   * The actor of an identity, null if it is deleted, and until when the identity is only held: null
   * while it is in use.
   */
  readonly identities: Map<
    string,
    { readonly actor: string | null; readonly heldUntil: number | null }
  >
  readonly mailboxes: Map<string, readonly WaitingEvent[]>
  /** In the order of the last write. */
  readonly counters: Map<string, CounterState>
  readonly documents: Map<string, Document>
  readonly audit: (AuditEntry & { readonly seq: number })[]
}

/** Data that several memory stores share, as the nodes of a cluster share one database. */
export interface MemoryEngine {
  /** The time source of every node. */
  readonly clock: Clock
  /** The data itself. */
  readonly tables: Tables
  /** Connects the nodes. */
  readonly hub: Hub
  /** How long a node that receives nothing may trust its cache. */
  readonly leaseMs: number
}

/** Options of `memoryEngine`. */
export interface MemoryEngineOptions {
  /** Default: the machine's clock. */
  readonly clock?: Clock
  /** How long a node that receives nothing may trust its cache; 1,000 by default. */
  readonly leaseMs?: number
}

/** Creates the data that several nodes share. Pass it to `memory({ engine })` once per node. */
export function memoryEngine(options: MemoryEngineOptions = {}): MemoryEngine {
  const clock = options.clock ?? systemClock()
  return {
    clock,
    hub: createHub(),
    leaseMs: options.leaseMs ?? 1000,
    tables: {
      nextSeq: 1,
      globalEpoch: 0,
      ownerEpochs: new Map(),
      sessions: new Map(),
      sessionsByOwner: new Map(),
      sessionsByParent: new Map(),
      anonymousByPrefix: new Map(),
      actors: new Map(),
      identities: new Map(),
      mailboxes: new Map(),
      counters: new Map(),
      documents: new Map(),
      audit: [],
    },
  }
}

/** Appends the audit entry of a write. */
export function appendAudit(tables: Tables, entry: AuditEntry | undefined): void {
  if (entry !== undefined) {
    tables.audit.push({ ...structuredClone(entry), seq: tables.nextSeq++ })
  }
}

/** Whether a node is open: every port of a closed store rejects. */
export interface Gate {
  check(): void
  close(): void
}

/** Creates the gate of one node. */
export function createGate(): Gate {
  let closed = false
  return {
    check() {
      if (closed) throw new LatchkeyError('unavailable', 'The store is closed. Open it again.')
    },
    close() {
      closed = true
    },
  }
}
