import type { Actor } from './actor.ts'

/** Where a request comes from, as its door saw it. */
export interface RequestSource {
  /** Which door: `http`, `mage`, `angen`, `grpc`, or `library` for calls in process. */
  readonly door?: string
  /** The client's address, as text; compared and stored in canonical form. */
  readonly address?: string | null
  readonly userAgent?: string | null
  /** The thumbprint of the key the client proved on this connection. */
  readonly keyThumbprint?: string | null
}

/** What a guard is told of a login. Never the password. */
export interface GuardedLogin {
  /** What was typed, in canonical form, or the actor's id where that was given; empty for what can be nobody's. */
  readonly identity: string
  /** Null before the proof when nobody has that identity; after the proof always there. */
  readonly actor: Actor | null
  readonly profile: string
  readonly source: RequestSource
  readonly now: number
}

/**
 * A function that may refuse a login by throwing; what it throws reaches the caller of `login` as it is. Runs in the
 * order given, `before` the proof or `after` it.
 */
export interface Guard {
  readonly when: 'before' | 'after'
  check(login: GuardedLogin): void | Promise<void>
}
