/*
 * The contracts of the stores. They hold for every engine and are proved by the cases of
 * `latchkey/testing`. Common to all of them:
 *
 * - Missing or expired is `null` (or an empty page), never an error. A method rejects only when the
 *   backend fails, with `LatchkeyError('unavailable', …, { cause })`.
 * - A write that has resolved survives a crash. One that has rejected has written nothing, or, where the
 *   engine cannot know, all of it: never half.
 * - `now` and every other time is passed in, in epoch milliseconds. No store reads a clock.
 * - Records are plain data and are never shared: what a caller does to one it was handed has no effect
 *   on what is stored.
 */
export type { Audit, AuditTail } from './audit.ts'
export type { Bus, BusListener, BusMessage } from './bus.ts'
export type { Clock } from './clock.ts'
export type { CounterRule, CounterState, Counters, Reservation } from './counters.ts'
export type {
  ActorQuery,
  ActorWithCredential,
  Directory,
  EpochOptions,
  ManagedDirectory,
} from './directory.ts'
export type { Document, Documents } from './documents.ts'
export type { ExternalSessions } from './external-sessions.ts'
export type { Mailboxes, MailboxLimits } from './mailboxes.ts'
export type { Page } from './page.ts'
export type { DataPut, PutOutcome, SessionData, StoredData } from './session-data.ts'
export type {
  CreateConditions,
  CreateOutcome,
  EndSelector,
  Epochs,
  LoadedRecord,
  SessionQuery,
  SessionStore,
  WriteOptions,
} from './session-store.ts'
export type { Store } from './store.ts'
