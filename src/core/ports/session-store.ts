import type { AuditEntry } from '../audit.ts'
import type { LimitPolicy } from '../session/profile.ts'
import type { EndedSession, EndReason, SessionRecord } from '../session/record.ts'
import type { Page } from './page.ts'

export interface Epochs {
  readonly owner: number
  readonly global: number
}

export interface CreateConditions {
  readonly now: number
  /** As read before the proof was checked. */
  readonly epochs: Epochs
  /** At most `max` live sessions of this owner and profile, this one included. */
  readonly limit?: { readonly max: number; readonly policy: LimitPolicy }
  /** The session the login came from: ended by the same write, and not counted by the limit. */
  readonly replaces?: { readonly id: string; readonly reason: EndReason }
}

export type CreateOutcome =
  | { readonly ok: true; readonly ended: readonly EndedSession[] }
  | { readonly ok: false; readonly refused: 'epoch' | 'limit' | 'parent' }

export type EndSelector =
  /** One session, and only if it is of that owner where one is given. */
  | { readonly id: string; readonly owner?: string }
  /**
   * All of an owner, but for `except`, or none of them with `keepAll`; `raiseEpoch` refuses logins begun before, in the
   * same write.
   */
  | {
      readonly owner: string
      readonly except?: string
      readonly keepAll?: boolean
      readonly raiseEpoch?: boolean
    }
  /** All impersonations of an actor. */
  | { readonly actsAs: string }

export interface WriteOptions {
  readonly audit?: AuditEntry
}

export interface SessionQuery {
  readonly now: number
  readonly owner?: string
  readonly profile?: string
  readonly door?: string
  /** At most this many; 1 to 1,000. */
  readonly limit: number
  readonly after?: string
}

export interface SessionStore {
  /** Both epochs, 0 for an owner never heard of. */
  findEpochs(owner: string): Promise<Epochs>
  /**
   * Adds a session. Refused, with nothing written, when either epoch has moved (`epoch`), when the limit is
   * reached and its policy is `refuse` (`limit`), or when `record.parent` is not live (`parent`).
   * Evicts as many live sessions as the policy says until the new one fits, oldest `createdAt` or
   * `lastUsedAt` first, ties by creation order; exact under any concurrency. Returns every session that ended, children of the
   * ended included.
   */
  create(
    record: SessionRecord,
    conditions: CreateConditions,
    options?: WriteOptions,
  ): Promise<CreateOutcome>
  /** The record, live, expired or ended, until it is pruned. */
  find(id: string): Promise<SessionRecord | null>
  /**
   * Replaces a record whose version is `expectedVersion` and which has not ended; `lastUsedAt` never falls.
   * The caller has raised `record.version`. False, with nothing written, when another was faster, or when `epochs` is
   * given and either has moved.
   */
  update(
    record: SessionRecord,
    expectedVersion: number,
    options?: WriteOptions & { readonly epochs?: Epochs },
  ): Promise<boolean>
  /**
   * Raises `lastUsedAt`. A touch of a session that has ended, was already over at that time, or was used later, does
   * nothing. Does not raise the version.
   */
  touch(touches: readonly { readonly id: string; readonly lastUsedAt: number }[]): Promise<void>
  /**
   * Ends sessions that have not ended, and with each the impersonations whose parent it is (`parent_ended`), in one write. One
   * that has lain idle too long is ended as well: a use of it that another node has yet to write would revive it. One past
   * `endsAt` or `tokenExpiresAt`, or locked with the house, is over for good and is left. Returns those it ended. Raises
   * their version.
   */
  end(
    which: EndSelector,
    ending: { readonly now: number; readonly reason: EndReason },
    options?: WriteOptions,
  ): Promise<readonly EndedSession[]>
  /** Ends every session of the house by raising one number, which it returns. */
  raiseGlobalEpoch(options?: WriteOptions): Promise<number>
  /** Live sessions, newest first. */
  list(query: SessionQuery): Promise<Page<SessionRecord>>
  /** How many sessions are live, exact. */
  count(query: { readonly now: number }): Promise<number>
  /**
   * Removes at most `limit` sessions that ended or expired before `before`, with their data, and returns how many; 0 means that
   * there are none left. The removal of a session ends its data bag too.
   */
  prune(query: { readonly before: number; readonly limit: number }): Promise<number>
  /** The data bag of a session, null where there is none. Ends with the session's record. */
  findData(id: string): Promise<{ readonly value: string; readonly version: number } | null>
  /**
   * Replaces a data bag whose version is `expectedVersion` (0: there is none yet) of a session that has not ended. Returns the new
   * version, or null with nothing written.
   */
  saveData(id: string, value: string, expectedVersion: number): Promise<number | null>
}
