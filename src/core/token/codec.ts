import type { Clock, Documents } from '../ports/index.ts'

/** A parsed token: its session, and the secret whose hash must match the session's record. */
export interface ParsedToken {
  /** The public handle of the session. */
  readonly id: string
  /** The secret of the token. The record stores its hash. */
  readonly secret: string
  /**
   * The owner that the token names, in formats that name one: a token with another owner is
   * invalid.
   */
  readonly owner?: string
  /**
   * When the token itself expires, in formats with an expiry: after that it is refused, even if the
   * session is live.
   */
  readonly expiresAt?: number
  /**
   * SHA-256 digests of the token's text and of its secret, as `digestSecret` returns them, in
   * formats that cache them.
   */
  readonly digests?: { readonly token: string; readonly secret: string }
  /**
   * Returns whether the signature is valid, in formats that sign. Before that no field of the token
   * may be trusted.
   */
  verify?(): boolean | Promise<boolean>
}

/**
 * The owner of a token's session and the token's own life, for formats that contain them. Times are
 * epoch milliseconds.
 */
export interface TokenFacts {
  /** The id of the actor that owns the session. */
  readonly owner: string
  /** When the token was issued. */
  readonly issuedAt?: number
  /** When the token expires by itself, in formats with an expiry. */
  readonly expiresAt?: number
}

/** A parsed renewal code. */
export interface ParsedRenewal {
  /** The public handle of the session. */
  readonly id: string
  /** The secret that stays the same for the life of the session. */
  readonly family: string
  /** The secret of one generation, which each renewal replaces. */
  readonly generation: string
}

/**
 * A token format over the one session record. A door that needs its own format registers a codec;
 * formats are distinguished by shape alone, so `parse` must return null, quickly and without
 * throwing, for every string that another codec accepts.
 */
export interface TokenCodec {
  /** The name that a login requests the format by, such as `native`. */
  readonly name: string
  /** Returns the secret of a new token: at least 128 bits from the CSPRNG. */
  createSecret(): string
  /** Returns the text of a token. */
  format(token: Pick<ParsedToken, 'id' | 'secret'>, facts: TokenFacts): string
  /**
   * Returns when a token with these facts expires by itself (epoch milliseconds). Absent in formats
   * without an expiry.
   */
  expiryOf?(facts: TokenFacts): number
  /** Returns the parts of a token, or null for text of another form. Never throws. */
  parse(token: string): ParsedToken | null
  /** Returns the text of a renewal code. */
  formatRenewal(renewal: ParsedRenewal): string
  /** Returns the parts of a renewal code, or null for text of another form. Never throws. */
  parseRenewal(code: string): ParsedRenewal | null
  /** The keys of a format that signs. */
  readonly keys?: SigningKeys
}

/** A public key in the form of RFC 7517. */
export type PublicKey = Readonly<Record<string, string>>

/**
 * The keys of a format that signs: the current one, and earlier ones for as long as their tokens
 * can be valid.
 */
export interface SigningKeys {
  /** Returns the public keys (RFC 7517): the one that signs first, then the next one, then earlier ones. */
  list(): readonly PublicKey[]
  /** Reads the keys again, because other nodes may have changed them. */
  reload(): Promise<void>
  /**
   * Publishes the next key, which signs from `now + leadMs`, and keeps the present one for `keepMs`
   * after that. Returns the next key, also if an earlier call has published it. The oldest of more
   * than 100 keys is removed.
   */
  rotate(options: KeyRotation): Promise<NextKey>
  /**
   * Activates a new key at once and withdraws all others from `list`, because a private key is no
   * longer secret. The tokens of the withdrawn keys are still verified here. Returns the new key.
   */
  replace(options: Omit<KeyRotation, 'leadMs'>): Promise<NextKey>
  /**
   * Rotates a key that will be older than `rotateAfterMs` when the next one signs, and removes keys
   * past their time. Returns the next key if it was made, else null.
   */
  maintain(options: KeyRotation & { readonly rotateAfterMs: number }): Promise<NextKey | null>
}

/** The times of a rotation. */
export interface KeyRotation {
  /** Epoch milliseconds. */
  readonly now: number
  /** How long the tokens of a key can be valid after it signs no more. */
  readonly keepMs: number
  /** How long the next key is published before it signs, so that verifiers that cache the keys have it. */
  readonly leadMs: number
}

/** A key that was made. */
export interface NextKey {
  /** The id of the key. */
  readonly kid: string
  /** From when it signs, in epoch milliseconds. */
  readonly signsFrom: number
}

/** Creates a codec that stores something. */
export type CodecFactory = (store: {
  readonly documents: Documents
  readonly clock: Clock
}) => Promise<TokenCodec>
