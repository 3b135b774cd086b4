import type { Actor } from './actor.ts'

/** The source of a request, as its door determined it. */
export interface RequestSource {
  /** The door: `http`, `mage`, `angen`, `grpc`, or `library` for calls in process. */
  readonly door?: string
  /** The client's address, as text; compared and stored in canonical form. */
  readonly address?: string | null
  readonly userAgent?: string | null
  /** The thumbprint of the key the client proved on this connection. */
  readonly keyThumbprint?: string | null
}

/** The login passed to a guard. Never contains the password. */
export interface GuardedLogin {
  /**
   * The typed identity in canonical form, or the given actor id; empty for text that cannot be an
   * identity.
   */
  readonly identity: string
  /** Before the proof null if there is no such actor; never null after the proof. */
  readonly actor: Actor | null
  readonly profile: string
  readonly source: RequestSource
  readonly now: number
}

/**
 * A function that may refuse a login by throwing; the thrown error is returned to the caller of
 * `login`. Guards run in the given order, `before` or `after` the proof.
 */
export interface Guard {
  readonly when: 'before' | 'after'
  check(login: GuardedLogin): void | Promise<void>
}
