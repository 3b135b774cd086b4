import type { Actor, ActorStatus, Identity } from '../actor.ts'
import type { Page } from './page.ts'
import type { WriteOptions } from './session-store.ts'

/** An actor and its stored verifier. */
export interface ActorWithCredential {
  /** The actor, as the directory has it now. */
  readonly actor: Actor
  /** PHC string or a foreign hash; null if the actor has no password. */
  readonly passwordHash: string | null
  /**
   * The owner's epoch stored with the credential, read in the same look-up; absent in a directory
   * without epochs.
   */
  readonly epoch?: number
}

/** Finds actors: enough to log in the users of an existing table. */
export interface Directory {
  /**
   * The maximum age of a cached actor, for a directory without change notifications. Absent: the
   * application calls `authority.actors.changed(id)`.
   */
  readonly maxAgeMs?: number
  /** Finds an actor by its id. Returns null if there is none. */
  find(id: string): Promise<ActorWithCredential | null>
  /** Finds an actor by identity in canonical form. */
  findByIdentity(identity: string): Promise<ActorWithCredential | null>
  /**
   * Replaces a password hash. Needed for a rehash at login and for password changes; absent in a
   * read-only directory. Returns false if `expected` is not the stored hash.
   */
  setPassword?(id: string, passwordHash: string, expected: string | null): Promise<boolean>
}

/** Selects actors. Conditions that are absent match every actor. */
export interface ActorQuery {
  /** Case-insensitive part of the name or of an identity, or a whole id. */
  readonly text?: string
  /** Only actors with this role. */
  readonly role?: string
  /** Only actors with this status. */
  readonly status?: ActorStatus
  /** The size of a page, 1 to 1,000. */
  readonly limit: number
  /** The `next` of the previous page. */
  readonly after?: string
}

/**
 * Raises the owner's epoch by one in the same transaction as the change. Sessions that are kept get
 * the new number in the same transaction if they are on the same engine.
 */
export interface EpochOptions extends WriteOptions {
  /** Whether the change raises the epoch. False by default. */
  readonly raiseEpoch?: boolean
  /** The session that stays live, or `all`. None by default. */
  readonly keep?: 'all' | { readonly session: string }
}

/**
 * A directory that the authority manages. Its writes reject, besides `unavailable`, with `busy`
 * when too many wait; `search` with `invalid_request` for a limit outside 1 to 1,000 or an `after`
 * that this listing did not return.
 */
export interface ManagedDirectory extends Directory {
  /**
   * Adds an actor. Returns false, with nothing written, if one of its identities (or its id) is
   * taken, or held for another actor at `actor.createdAt`: exactly one of many concurrent calls
   * succeeds.
   */
  create(actor: Actor, passwordHash: string | null, options?: WriteOptions): Promise<boolean>
  setPassword(
    id: string,
    passwordHash: string,
    expected: string | null,
    options?: EpochOptions,
  ): Promise<boolean>
  /**
   * Replaces the name and the identities of an actor whose identities are `expected`. Identities
   * given up are free at once, or are held for the actor until `holdUntil`: no other actor gets
   * them before. Nothing is written if one is taken or held by another actor at `now` (`taken`: of
   * many concurrent calls exactly one succeeds), or if the actor is gone or its identities are
   * others (`changed`).
   */
  setIdentities(
    id: string,
    next: {
      readonly name: string
      readonly identities: readonly Identity[]
      readonly now: number
      readonly holdUntil?: number
    },
    expected: readonly Identity[],
    options?: WriteOptions,
  ): Promise<'ok' | 'taken' | 'changed'>
  /** Changes the given fields; returns null if there is no such actor. */
  update(
    id: string,
    changes: {
      readonly roles?: readonly string[]
      readonly status?: ActorStatus
      readonly name?: string
    },
    options?: EpochOptions,
  ): Promise<Actor | null>
  /**
   * Removes an actor with its credentials, and raises its epoch. Its identities are free at once,
   * or held until `holdUntil`: no actor gets them before, not even one of the same id, nor those it
   * gave up before. Returns false if there is no such actor.
   */
  delete(id: string, options?: WriteOptions & { readonly holdUntil?: number }): Promise<boolean>
  /** The epoch of an owner, 0 for an unknown one. It outlives the actor. */
  findEpoch(id: string): Promise<number>
  /**
   * Raises the epoch of an owner and returns it: by one, or with `least` only as far as that number; for an owner without an actor too. Where sessions are on the same
   * engine, they are not live from then on.
   */
  raiseEpoch(id: string, least?: number): Promise<number>
  /** Oldest first. */
  search(query: ActorQuery): Promise<Page<Actor>>
  /** Removes holds that ended before `now`, at most `limit`, and returns how many. */
  pruneHolds(query: { readonly now: number; readonly limit: number }): Promise<number>
}
