/*
 * The contracts of the stores. They apply to every engine, and the cases of `latchkey/testing` test
 * them. Common to all of them:
 *
 * - Missing or expired is `null` (or an empty page), never an error. A method rejects only when the
 *   backend fails, with `LatchkeyError('unavailable', …, { cause })`.
 * - A write that has resolved survives a crash. One that has rejected has written nothing, or, if the
 *   engine cannot determine that, everything: never a part.
 * - `now` and every other time is passed in, in epoch milliseconds. No store reads a clock.
 * - Records are plain data and are never shared: changing a returned record does not change the
 *   stored one.
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
