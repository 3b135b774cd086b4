import type { Actor, ActorStatus } from '../actor.ts'
import type { Page } from './page.ts'
import type { WriteOptions } from './session-store.ts'

export interface ActorWithCredential {
  readonly actor: Actor
  /** PHC string or a foreign hash; null where the actor has no password. */
  readonly passwordHash: string | null
}

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
