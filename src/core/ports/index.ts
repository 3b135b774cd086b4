import type { Actor, ActorStatus } from '../actor.ts'
import type { AuditEntry, AuditPage, AuditQuery } from '../audit.ts'
import type { LimitPolicy } from '../session/profile.ts'
import type { EndedSession, EndReason, SessionRecord } from '../session/record.ts'

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

/** One page of a listing, and where the next begins. */
export interface Page<T> {
  readonly items: readonly T[]
  /** Opaque; hand it back as `after`. Absent on the last page. */
  readonly next?: string
}

/** The counters beside the sessions that a login is checked against. Both begin at 0 and only rise. */
export interface Epochs {
  readonly owner: number
  readonly house: number
}

/** What must hold for a session to be created, decided in the same write. */
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

/** Which sessions to end. */
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

/**
 * Goes with a write, in the same transaction where the engine can, and only if the write took place: a refused one, or an
 * `end` that neither ended a session nor raised an epoch, leaves no entry.
 */
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

/**
 * Sessions, their data bags and the epochs. A session is *live* when it has not ended, its `houseEpoch` is
 * the current one and `expiresAt(record) > now`.
 */
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
  raiseHouseEpoch(options?: WriteOptions): Promise<number>
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

/** A stored verifier and whose it is. */
export interface ActorWithCredential {
  readonly actor: Actor
  /** PHC string or a foreign hash; null where the actor has no password. */
  readonly passwordHash: string | null
}

/** Where actors are found: enough to log in the users of an existing table. */
export interface Directory {
  /**
   * How stale a cached reading of an actor may be, for a directory that cannot say when one changed.
   * Absent: the application calls `authority.actorChanged(id)`.
   */
  readonly maxAgeMs?: number
  find(id: string): Promise<ActorWithCredential | null>
  /** By identity in canonical form. */
  findByIdentity(identity: string): Promise<ActorWithCredential | null>
  /** Present in a directory that can store another hash: rehash at login and password changes need it. */
  setPassword?(
    id: string,
    passwordHash: string,
    /** Write only if this is still the stored hash. */
    expected: string | null,
  ): Promise<boolean>
}

export interface ActorQuery {
  /** Case-insensitive part of the name or of an identity, or a whole id. */
  readonly text?: string
  readonly role?: string
  readonly status?: ActorStatus
  readonly limit: number
  readonly after?: string
}

/** A directory that the authority keeps itself. */
export interface ManagedDirectory extends Directory {
  /** False, with nothing written, if one of its identities (or its id) is taken: exactly one of many wins. */
  create(actor: Actor, passwordHash: string | null, options?: WriteOptions): Promise<boolean>
  setPassword(
    id: string,
    passwordHash: string,
    expected: string | null,
    options?: WriteOptions,
  ): Promise<boolean>
  /**
   * Replaces the name and the identities of an actor whose identities are `expected`, and frees those it had. Nothing is written
   * when one is another's (`taken`: of many that want it exactly one gets it), or when the actor is gone or its identities are
   * others (`changed`).
   */
  setIdentities(
    id: string,
    next: { readonly name: string; readonly identities: readonly string[] },
    expected: readonly string[],
    options?: WriteOptions,
  ): Promise<'ok' | 'taken' | 'changed'>
  /** Changes the named fields; null if there is no such actor. */
  update(
    id: string,
    changes: {
      readonly roles?: readonly string[]
      readonly status?: ActorStatus
      readonly name?: string
    },
    options?: WriteOptions,
  ): Promise<Actor | null>
  /** Oldest first. */
  search(query: ActorQuery): Promise<Page<Actor>>
}

/** A rule that a reservation is judged by; see `reserve` in `throttle.ts` for what each means. */
export type CounterRule =
  | { readonly kind: 'window'; readonly limit: number; readonly windowMs: number }
  | {
      readonly kind: 'backoff'
      /** Attempts before the first wait. */
      readonly free: number
      readonly baseMs: number
      readonly maxMs: number
      /** From this many attempts on, none is let through until `remove`. */
      readonly hardLimit: number | null
      /** Without an attempt for so long, the count begins anew. */
      readonly forgetMs: number
    }

/** The state behind a counter's key. */
export interface CounterState {
  readonly count: number
  /** Start of the window, or time of the last attempt. */
  readonly at: number
  readonly expiresAt: number
}

export type Reservation =
  | { readonly ok: true; readonly count: number }
  | { readonly ok: false; readonly retryAfterMs: number }

/** Attempt counters, shared by all nodes. At most `maxKeys` are kept (least recently written go first). */
export interface Counters {
  /**
   * Counts an attempt against every key, in one write, unless the rule of one refuses it; then none is counted and
   * the longest wait is returned. Concurrent attempts are settled one after another.
   */
  reserve(
    wanted: readonly { readonly key: string; readonly rule: CounterRule }[],
    now: number,
  ): Promise<Reservation>
  /** Takes one attempt back from each key. */
  refund(keys: readonly string[], now: number): Promise<void>
  /** Forgets keys. */
  remove(keys: readonly string[]): Promise<void>
  prune(query: { readonly now: number; readonly limit: number }): Promise<number>
}

export interface Document {
  readonly value: string
  /** Begins at 1 and rises with each save. */
  readonly version: number
  readonly expiresAt: number | null
}

/** Small named values with a version: settings, keys, one-time codes, known addresses. */
export interface Documents {
  find(key: string, now: number): Promise<Document | null>
  /**
   * Writes if the version is `expectedVersion` (0: there is none, or it has expired at `now`; absent: whatever is there). Returns the new
   * version, or null with nothing written.
   */
  save(
    key: string,
    value: string,
    options: {
      readonly now: number
      readonly expectedVersion?: number
      readonly expiresAt?: number | null
    },
  ): Promise<number | null>
  /** Removes, only at that version where one is given; whether there was one unexpired. Exactly one of many callers is told true. */
  remove(
    key: string,
    options: { readonly now: number; readonly expectedVersion?: number },
  ): Promise<boolean>
  prune(query: { readonly now: number; readonly limit: number }): Promise<number>
}

/** The trail of authentication acts: append only, in order. */
export interface Audit {
  append(entries: readonly AuditEntry[]): Promise<void>
  /** Newest first. */
  list(query: AuditQuery): Promise<AuditPage>
  /** Removes at most `limit` entries older than `before`, or beyond the newest `maxEntries`. */
  prune(query: {
    readonly before: number
    readonly maxEntries: number
    readonly limit: number
  }): Promise<number>
}

/** What nodes tell each other. */
export type BusMessage =
  /** A session's record changed (renewal, step-up): forget what is cached. */
  | { readonly kind: 'session-changed'; readonly id: string }
  | { readonly kind: 'sessions-ended'; readonly ended: readonly EndedSession[] }
  | { readonly kind: 'actor-changed'; readonly id: string }
  | { readonly kind: 'house-locked'; readonly epoch: number }
  | { readonly kind: 'settings-changed' }
  /** From the bus itself, after a lapse: messages may have been missed, so nothing cached may be trusted. */
  | { readonly kind: 'missed' }

/** How nodes tell each other what changed. */
export interface Bus {
  /** Resolves when every live node has confirmed, or its lease has run out, and so within a lease at the latest. */
  publish(message: BusMessage): Promise<void>
  /** Hears what other nodes publish, not what this one does. Returns how to stop. */
  subscribe(listener: (message: BusMessage) => void): () => void
  /** Until when this node may trust what it has cached; past that, every check asks the store. */
  trustedUntil(): number
}

export interface Clock {
  /** Epoch milliseconds; never runs backwards within a process. */
  now(): number
}

/** All ports on one engine. */
export interface Store {
  readonly name: string
  readonly directory: ManagedDirectory
  readonly sessions: SessionStore
  readonly counters: Counters
  readonly documents: Documents
  readonly audit: Audit
  readonly bus: Bus
  readonly clock: Clock
  /** Finishes what is under way and lets go of files and connections. Idempotent. */
  close(): Promise<void>
}
