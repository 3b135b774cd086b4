/**
 * Why a session ended. Returned to a client that presents the right secret, for 24 hours after the
 * end.
 */
export type EndReason =
  | 'logged_out'
  | 'revoked'
  | 'evicted'
  | 'upgraded'
  | 'password_changed'
  | 'suspended'
  | 'deleted'
  | 'locked'
  | 'reuse_detected'
  | 'parent_ended'
  | 'expired'

/** The client of a session, as shown in a list of sessions. */
export interface Client {
  /** Canonical text of the address, IPv4-mapped IPv6 as IPv4. */
  readonly address: string | null
  /** The client's own description of itself, at most 400 characters. Not verified. */
  readonly userAgent: string | null
  /** The owner's label for the client: "work laptop". */
  readonly label: string | null
}

/**
 * What a request must match to use a session. Enforced at every check and renewal, at every door.
 */
export interface Binding {
  /** A CIDR prefix in canonical form, such as `192.0.2.7/32`. */
  readonly addressPrefix: string | null
  /** The thumbprint of the client's key (RFC 7638 or a certificate's SHA-256). */
  readonly keyThumbprint: string | null
}

/** The renewal code of a session: hashes of its secrets, and the sealed successor. */
export interface RenewalState {
  /** Hash of the family secret, constant for the session. */
  readonly familyHash: string
  /** Hash of the current generation's secret. */
  readonly hash: string
  /** Hash of the previous generation; null before the first renewal. */
  readonly previousHash: string | null
  /**
   * When the previous generation was exchanged. A successor issued again for a lost answer does not
   * change it.
   */
  readonly renewedAt: number
  /**
   * The current secrets, encrypted under the secret of the previous generation, so that a retry
   * gets the same. Null after the grace period.
   */
  readonly sealed: string | null
  /** How many times a successor was issued again because its answer was lost. */
  readonly reissues: number
}

/** A proof given when the session was created or stepped up. */
export interface Factor {
  /** A value of RFC 8176, such as `pwd`, `otp`, `hwk`. */
  readonly method: string
  /** Epoch milliseconds. */
  readonly at: number
}

/** The server's record that an actor is authenticated. Times are epoch milliseconds; hashes are SHA-256, base64url. */
export interface SessionRecord {
  /** Public handle, 25 characters: logs, lists and revocations use it. */
  readonly id: string
  /** The id of the actor that proved its identity. For an impersonation the impersonator. */
  readonly owner: string
  /** For an impersonation the actor that this session acts as. */
  readonly actsAs: string | null
  /** The parent session of an impersonation, which it cannot outlive. */
  readonly parent: string | null
  /** Whether the owner is an anonymous actor, which exists only in this session. */
  readonly anonymous: boolean
  /** The name of the lifetime policy. */
  readonly profile: string
  /** The door at which the session was created, such as `http`. */
  readonly door: string
  /** The hash of the current token's secret. */
  readonly tokenHash: string
  /**
   * The hash of the token before the last renewal, valid until `previousTokenUntil`. 0 means that
   * it was revoked at once, and is kept only so that a retry of the renewal can present it.
   */
  readonly previousTokenHash: string | null
  /** Until when the previous token is valid; 0 for not at all. */
  readonly previousTokenUntil: number
  /** The state of the renewal code; null for a session without one. */
  readonly renewal: RenewalState | null
  /** When the session was created. */
  readonly createdAt: number
  /** When the owner last gave a proof of identity. */
  readonly authenticatedAt: number
  /** The proofs, oldest first. Empty for an anonymous session. */
  readonly factors: readonly Factor[]
  /** When the session was last used. Never falls. */
  readonly lastUsedAt: number
  /** When the current token expires, for tokens with their own expiry. */
  readonly tokenExpiresAt: number | null
  /** The idle time; null for none. */
  readonly idleMs: number | null
  /** The absolute end, which no use and no renewal extends. */
  readonly endsAt: number
  /** The client that the session was created for. */
  readonly client: Client
  /** What requests must match; null for no restriction. */
  readonly binding: Binding | null
  /** The roles of the session, an upper limit; null for all roles of its actor. */
  readonly roles: readonly string[] | null
  /** A label of the application, set at creation, at most 64 characters; null without one. */
  readonly group: string | null
  /**
   * The global epoch at its creation. The session is not live if the current global epoch is
   * higher.
   */
  readonly globalEpoch: number
  /**
   * The owner's epoch at its creation, or the number written when a raise kept the session. The
   * session is not live if the owner's current epoch is higher.
   */
  readonly ownerEpoch: number
  /** The number of renewals and step-ups. */
  readonly generation: number
  /** When the current generation's secrets were issued. */
  readonly issuedAt: number
  /** When a secret of the current generation was first presented; null until then. */
  readonly usedAt: number | null
  /** Raised by every write except a touch and a first use. */
  readonly version: number
  /** When the session was ended; null for one that was not, even if it has expired. */
  readonly endedAt: number | null
  /** Why the session was ended; null while `endedAt` is null. */
  readonly endReason: EndReason | null
}

/** The public view of a checked session. Contains no secret. */
export interface SessionView {
  /** The public handle: not a secret, and not sufficient for a token. */
  readonly id: string
  /** The id of the actor that owns the session. For an impersonation the impersonator. */
  readonly owner: string
  /** For an impersonation the id of the actor that the session acts as, else null. */
  readonly actsAs: string | null
  /** For an impersonation the id of the session that it was started from, else null. */
  readonly parent: string | null
  /** The name of the lifetime policy, such as `web`. */
  readonly profile: string
  /** The door at which the session was created, such as `http`. */
  readonly door: string
  /** The roles that the session has now: those of its actor, or fewer. */
  readonly roles: readonly string[]
  /** Whether the owner is an anonymous actor. */
  readonly anonymous: boolean
  /** When the session was created. */
  readonly createdAt: number
  /** When the owner last gave a proof of identity. */
  readonly authenticatedAt: number
  /** When the session ends unless it is used or renewed before; expired *at* that instant. */
  readonly expiresAt: number
  /** The absolute end, which no use and no renewal extends. */
  readonly endsAt: number
  /** The number of renewals and step-ups. */
  readonly generation: number
  /** The label that the application set at creation; null without one. */
  readonly group: string | null
}

/** A session in a list, with its client. */
export interface SessionListing extends SessionView {
  /**
   * When the session was last used. Uses are written at intervals, so it may be a little earlier.
   */
  readonly lastUsedAt: number
  /** The client that the session was created for. */
  readonly client: Client
  /** Whether it is the session that requested the list. */
  readonly current: boolean
}

/** A session that has just ended, with the fields that open connections and other nodes need. */
export interface EndedSession {
  /** The public handle of the session. */
  readonly id: string
  /** The id of the actor that owned it. */
  readonly owner: string
  /** Why it ended. */
  readonly reason: EndReason
}
