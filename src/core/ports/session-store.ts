import type { AuditEntry } from '../audit.ts'
import type { LimitPolicy } from '../session/profile.ts'
import type { EndedSession, EndReason, SessionRecord } from '../session/record.ts'
import type { Page } from './page.ts'

/**
 * The counters of a session store that a login is checked against. Both start at 0 and only rise.
 */
export interface Epochs {
  /** The epoch of the session's owner. */
  readonly owner: number
  /** The epoch of the whole authority, which lock-all raises. */
  readonly global: number
}

/** The conditions under which a session is created, checked in the same write. */
export interface CreateConditions {
  /** The time of the creation, in epoch milliseconds. */
  readonly now: number
  /** At most `max` live sessions of this owner and profile, this one included. */
  readonly limit?: { readonly max: number; readonly policy: LimitPolicy }
  /**
   * The session that the login replaces: ended by the same write, and not counted by the limit.
   * With `moveData` its data is moved to the new session.
   */
  readonly replaces?: {
    readonly id: string
    readonly reason: EndReason
    readonly moveData?: boolean
  }
  /**
   * The epoch of the target of an impersonation, as read before: refused with `epoch` if the store
   * has a higher one.
   */
  readonly targetEpoch?: number
  /**
   * For an anonymous session of a client with an address: at most this many anonymous sessions of
   * its address prefix (an IPv4 address, an IPv6 /64) that have not ended, this one included,
   * expired ones counted until they are pruned. The least recently used are evicted.
   */
  readonly perAddress?: number
}

/** The outcome of a `create`: the sessions that it ended, or the condition that refused it. */
export type CreateOutcome =
  | { readonly ok: true; readonly ended: readonly EndedSession[] }
  | { readonly ok: false; readonly refused: 'epoch' | 'limit' | 'parent' }

/** Selects the sessions to end. */
export type EndSelector =
  /** One session; with `owner` only if it belongs to that owner. */
  | { readonly id: string; readonly owner?: string }
  /**
   * All sessions of an owner except `except`, or none with `keepAll`. With `raiseEpoch` the same
   * write raises the owner's epoch by one, or to at least the given number; the sessions that are
   * kept get the new number, every other session of the owner is no longer live, and every login
   * that read the epoch before is refused.
   */
  | {
      readonly owner: string
      readonly except?: string
      readonly keepAll?: boolean
      readonly raiseEpoch?: boolean | number
    }
  /**
   * The least recently used anonymous sessions, at most `limit` (1 to 10,000).
   */
  | { readonly anonymous: true; readonly limit: number }
  /** All impersonations of an actor. */
  | { readonly actsAs: string }
  /**
   * All sessions of a profile, a door or a group, at most 500 per call: repeat until none is
   * returned.
   */
  | {
      readonly profile?: string
      readonly door?: string
      readonly group?: string
      readonly matching: true
    }

/**
 * An audit entry written with the change, in the same transaction if the engine has them, and only
 * if the write took place: a refused write, or an `end` that neither ended a session nor raised an
 * epoch, leaves no entry.
 */
export interface WriteOptions {
  /** The entry to write. None by default. */
  readonly audit?: AuditEntry
}

/** Selects live sessions. Conditions that are absent match every session. */
export interface SessionQuery {
  /** The time at which the sessions must be live, in epoch milliseconds. */
  readonly now: number
  /** Only sessions of this owner. */
  readonly owner?: string
  /** Only sessions of this profile. */
  readonly profile?: string
  /** Only sessions created at this door. */
  readonly door?: string
  /** Only sessions with this label. */
  readonly group?: string
  /** At most this many; 1 to 1,000. */
  readonly limit: number
  /** The `next` of the previous page. */
  readonly after?: string
}

/** A record, and the epochs that were read with it or after it. */
export interface LoadedRecord {
  /** The session's record, live or not. */
  readonly record: SessionRecord
  /** The current epochs of the record's owner and of the authority. */
  readonly epochs: Epochs
}

/**
 * Sessions and epochs. A session is *live* if it has not ended, neither epoch is higher than the
 * record's, and `expiresAt(record) > now`.
 *
 * Rejections, besides `unavailable`: `create` rejects with `conflict` if a record of that id exists;
 * `list` with `invalid_request` for a limit outside 1 to 1,000 or an `after` that this listing did
 * not return; every write with `busy` if too many wait.
 */
export interface SessionStore {
  /** Returns both epochs, 0 for an unknown owner. */
  findEpochs(owner: string): Promise<Epochs>
  /**
   * Adds a session. Refused, with nothing written, if either epoch is higher than the record's
   * (`epoch`), if the limit is reached and its policy is `refuse` (`limit`), or if `record.parent` is
   * not live (`parent`). An owner's epoch that is lower than the record's is raised to it. Evicts
   * live sessions by the policy until the new one fits, oldest `createdAt` or `lastUsedAt` first,
   * ties by creation order; exact under any concurrency. Returns every session that ended, including
   * children of the ended ones. `perAddress` may be exceeded by creations at the same time where an
   * engine has no transactions across owners.
   *
   * An engine without transactions across owners may do this in steps: first the new record, which
   * contains the id of the replaced one, then the end of the replaced one, which any node can
   * complete.
   */
  create(
    record: SessionRecord,
    conditions: CreateConditions,
    options?: WriteOptions,
  ): Promise<CreateOutcome>
  /** Returns the record, live, expired or ended, until it is pruned; null if there is none. */
  find(id: string): Promise<SessionRecord | null>
  /** Returns the record and its epochs, which are never older than the record. */
  load(id: string): Promise<LoadedRecord | null>
  /**
   * Replaces a record whose version is `expectedVersion`, that has not ended, and whose epochs are
   * not older than the current ones; `lastUsedAt` never falls. These fields never change, and are
   * ignored in the given record: `id`, `owner`, `actsAs`, `parent`, `anonymous`, `profile`, `door`,
   * `group`, `createdAt`, `globalEpoch`, `ownerEpoch`. The caller raises `record.version`. With
   * `unused` it is also refused if `usedAt` is set. Returns false, with nothing written, when
   * refused.
   */
  update(
    record: SessionRecord,
    expectedVersion: number,
    options?: WriteOptions & { readonly epochs?: Epochs; readonly unused?: boolean },
  ): Promise<boolean>
  /**
   * Raises `lastUsedAt`. Ignores a session that has ended, was expired at that time, or was used
   * later. Does not raise the version.
   */
  touch(touches: readonly { readonly id: string; readonly lastUsedAt: number }[]): Promise<void>
  /**
   * Records the first use of a generation: sets `usedAt` if the session has not ended, its
   * generation is `generation` and `usedAt` is null. Returns true if it is now set, by this call or
   * an earlier one of that generation. Does not raise the version.
   */
  markUsed(id: string, generation: number, usedAt: number): Promise<boolean>
  /**
   * Ends every selected session without `endedAt`, even if it has expired, and the impersonations
   * whose parent it is (`parent_ended`), in one write. Returns those that had not expired at `now`,
   * at any epoch: their connections must be closed. Raises their version.
   */
  end(
    which: EndSelector,
    ending: { readonly now: number; readonly reason: EndReason },
    options?: WriteOptions,
  ): Promise<readonly EndedSession[]>
  /** Ends every session by raising the global epoch. Returns the new epoch. */
  raiseGlobalEpoch(options?: WriteOptions): Promise<number>
  /** Lists live sessions, newest first. */
  list(query: SessionQuery): Promise<Page<SessionRecord>>
  /**
   * Returns the number of live sessions, with `anonymous` of anonymous ones only. The number may be
   * as old as `maxAgeMs`, 0 by default.
   */
  count(
    query: Omit<SessionQuery, 'limit' | 'after'> & {
      readonly anonymous?: true
      readonly maxAgeMs?: number
    },
  ): Promise<number>
  /**
   * Erases `renewal.sealed` of at most `limit` sessions whose current generation was issued before `issuedBefore`, and returns how many. Does
   * not raise the version.
   */
  eraseSealed(query: { readonly issuedBefore: number; readonly limit: number }): Promise<number>
  /**
   * Removes at most `limit` sessions that ended or expired before `before`, with their data, and returns how many; 0 means that
   * none are left.
   */
  prune(query: { readonly before: number; readonly limit: number }): Promise<number>
}
