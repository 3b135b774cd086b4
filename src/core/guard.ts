import type { Actor } from './actor.ts'

/** The source of a request, as its door determined it. */
export interface RequestSource {
  /** The door: `http`, `mage`, `angen`, `grpc`, or `library` for calls in process. */
  readonly door?: string
  /** The client's address, as text; compared and stored in canonical form. */
  readonly address?: string | null
  /** The client's own description of itself, as in the header `User-Agent`. Not verified. */
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
  /** The profile of the session that the login requests. */
  readonly profile: string
  /** The door and the client that the login comes from. */
  readonly source: RequestSource
  /** The time of the login, in epoch milliseconds. */
  readonly now: number
}

/**
 * A function that may refuse a login by throwing; the thrown error is returned to the caller of
 * `login`. Guards run in the given order, `before` or `after` the proof.
 */
export interface Guard {
  /** Whether the guard runs before the proof is verified, or only after a right proof. */
  readonly when: 'before' | 'after'
  /**
   * Returns to allow the login. A thrown `LatchkeyError` refuses it with that error's code, any
   * other value with `access_denied`.
   */
  check(login: GuardedLogin): void | Promise<void>
}
