/** Why a session is over. Told to whoever presents its right secret, for 24 hours after. */
export type EndReason =
  | 'logged_out'
  | 'revoked'
  | 'evicted'
  | 'upgraded'
  | 'password_changed'
  | 'suspended'
  | 'locked'
  | 'reuse_detected'
  | 'parent_ended'
  | 'expired'

/** Where a session came from, as its owner sees it in a list. */
export interface Client {
  /** Canonical text of the address, IPv4-mapped IPv6 as IPv4. */
  readonly address: string | null
  readonly userAgent: string | null
  /** What the owner calls it: "work laptop". */
  readonly label: string | null
}

/** What a token must be presented with. Enforced at every check and renewal, so at every door alike. */
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
  /** Hash of the generation before; null before the first renewal. */
  readonly previousHash: string | null
  /** When the generation before was exchanged. A successor that is issued again for a lost answer does not move it. */
  readonly renewedAt: number
  /** The current secrets, encrypted under the secret of the generation before, so that a retry gets the same. Null once the grace is over. */
  readonly sealed: string | null
  /** How many times a successor was issued again because no answer arrived. */
  readonly reissues: number
}

/** One proof that was given when the session was created or stepped up. */
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
  /** The actor this session acts as, when it is an impersonation. */
  readonly actsAs: string | null
  /** The session that an impersonation was started from, and cannot outlive. */
  readonly parent: string | null
  readonly anonymous: boolean
  readonly profile: string
  readonly door: string
  readonly tokenHash: string
  /**
   * The token before the last renewal, good until `previousTokenUntil`: 0 where it died at once, and is kept only so that
   * a retry of the renewal can show it.
   */
  readonly previousTokenHash: string | null
  readonly previousTokenUntil: number
  readonly renewal: RenewalState | null
  readonly createdAt: number
  /** When its owner last proved its identity. */
  readonly authenticatedAt: number
  /** The proofs, oldest first. Empty for an anonymous session. */
  readonly factors: readonly Factor[]
  readonly lastUsedAt: number
  /** The end of the current token's life, where tokens have one of their own. */
  readonly tokenExpiresAt: number | null
  /** How long it may lie unused, or null for as long as it lives. */
  readonly idleMs: number | null
  /** The absolute end: no use and no renewal crosses it. */
  readonly endsAt: number
  readonly client: Client
  readonly binding: Binding | null
  /** The roles it is limited to; null for all roles of its actor. */
  readonly roles: readonly string[] | null
  /** A label of the application, set at creation, at most 64 characters; null without one. */
  readonly group: string | null
  /** The global epoch at its creation. The session is not live once the global epoch is higher. */
  readonly globalEpoch: number
  /** The owner's epoch at its creation, or as a write that raised the epoch kept it. The session is not live once the owner's epoch is higher. */
  readonly ownerEpoch: number
  /** Counts renewals and step-ups. */
  readonly generation: number
  /** When the current generation's secrets were issued. */
  readonly issuedAt: number
  /** When a secret of the current generation was first presented; null until then. */
  readonly usedAt: number | null
  /** Raised by every write but a touch. */
  readonly version: number
  readonly endedAt: number | null
  readonly endReason: EndReason | null
}

/** What a check says of a session: nothing secret, nothing that a check does not decide on. */
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
  /** When it is over if it is not used or renewed before; expired *at* that instant. */
  readonly expiresAt: number
  readonly endsAt: number
  readonly generation: number
  readonly group: string | null
}

/** A session in a list, with where it came from. */
export interface SessionListing extends Omit<SessionView, 'roles'> {
  /** What it may do at most; null for all that its actor may. */
  readonly roles: readonly string[] | null
  readonly lastUsedAt: number
  readonly client: Client
  /** Whether it is the session that asked. */
  readonly current: boolean
}

/** A session that has just ended: what open connections and other nodes need to know. */
export interface EndedSession {
  readonly id: string
  readonly owner: string
  readonly reason: EndReason
}
