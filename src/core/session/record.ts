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
  readonly owner: string
  /** For an impersonation the actor that this session acts as. */
  readonly actsAs: string | null
  /** The parent session of an impersonation, which it cannot outlive. */
  readonly parent: string | null
  readonly anonymous: boolean
  readonly profile: string
  readonly door: string
  readonly tokenHash: string
  /**
   * The hash of the token before the last renewal, valid until `previousTokenUntil`. 0 means that
   * it was revoked at once, and is kept only so that a retry of the renewal can present it.
   */
  readonly previousTokenHash: string | null
  readonly previousTokenUntil: number
  readonly renewal: RenewalState | null
  readonly createdAt: number
  /** When the owner last gave a proof of identity. */
  readonly authenticatedAt: number
  /** The proofs, oldest first. Empty for an anonymous session. */
  readonly factors: readonly Factor[]
  readonly lastUsedAt: number
  /** When the current token expires, for tokens with their own expiry. */
  readonly tokenExpiresAt: number | null
  /** The idle time; null for none. */
  readonly idleMs: number | null
  /** The absolute end, which no use and no renewal extends. */
  readonly endsAt: number
  readonly client: Client
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
  readonly endedAt: number | null
  readonly endReason: EndReason | null
}

/** The public view of a checked session. Contains no secret. */
export interface SessionView {
  readonly id: string
  readonly owner: string
  readonly actsAs: string | null
  readonly parent: string | null
  readonly profile: string
  readonly door: string
  readonly roles: readonly string[]
  readonly anonymous: boolean
  readonly createdAt: number
  readonly authenticatedAt: number
  /** When the session ends unless it is used or renewed before; expired *at* that instant. */
  readonly expiresAt: number
  readonly endsAt: number
  readonly generation: number
  readonly group: string | null
}

/** A session in a list, with its client. */
export interface SessionListing extends Omit<SessionView, 'roles'> {
  /** The roles of the session, an upper limit; null for all roles of its actor. */
  readonly roles: readonly string[] | null
  readonly lastUsedAt: number
  readonly client: Client
  /** Whether it is the session that requested the list. */
  readonly current: boolean
}

/** A session that has just ended, with the fields that open connections and other nodes need. */
export interface EndedSession {
  readonly id: string
  readonly owner: string
  readonly reason: EndReason
}
