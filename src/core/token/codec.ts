import type { Clock, Documents } from '../ports/index.ts'

/** What a token says: which session, and the secret that must hash to what its record has. */
export interface ParsedToken {
  readonly id: string
  readonly secret: string
  /** Whose session the token says it is, in formats that say so: a token that says otherwise is invalid. */
  readonly owner?: string
  /** When the token itself ends, in formats that say so: past that it is refused, however alive the session. */
  readonly expiresAt?: number
  /** SHA-256 of the token's text, and of its secret, in formats that remember them: as `digestSecret` gives them. */
  readonly digests?: { readonly token: string; readonly secret: string }
  /** Whether it is signed by the house, in formats that are: without a yes nothing that the token says is trusted. */
  verify?(): boolean | Promise<boolean>
}

/** Whose session a token is for, and the token's own life, which formats may carry. Times are epoch milliseconds. */
export interface TokenFacts {
  readonly owner: string
  readonly issuedAt?: number
  readonly expiresAt?: number
}

/** What a renewal code says. */
export interface ParsedRenewal {
  readonly id: string
  readonly family: string
  readonly generation: string
}

/**
 * A token format over the one session record. A door that needs its own registers a codec; formats are told apart by
 * shape alone, so `parse` must return null, quickly and without throwing, for every string that another codec accepts.
 */
export interface TokenCodec {
  readonly name: string
  /** The secret half of a new token: at least 128 bits from the CSPRNG. */
  createSecret(): string
  format(token: Pick<ParsedToken, 'id' | 'secret'>, facts: TokenFacts): string
  /** When a token with these facts expires by itself (epoch milliseconds). Absent in formats whose tokens have no expiry of their own. */
  expiryOf?(facts: TokenFacts): number
  parse(token: string): ParsedToken | null
  formatRenewal(renewal: ParsedRenewal): string
  parseRenewal(code: string): ParsedRenewal | null
  /** What a format that signs signs with. */
  readonly keys?: SigningKeys
}

/** A public key as RFC 7517 writes it. */
export type PublicKey = Readonly<Record<string, string>>

/** The keys of a format that signs: one that is in use, and those before it for as long as a token of theirs can live. */
export interface SigningKeys {
  /** The public keys (RFC 7517), the one in use first. */
  list(): readonly PublicKey[]
  /** Reads what other nodes may have changed. */
  reload(): Promise<void>
  /** Puts a new key in use, and keeps the one before it for `keepMs`. Returns the new key's id. Throws `conflict` when too many are kept. */
  rotate(options: { readonly now: number; readonly keepMs: number }): Promise<string>
  /** Rotates a key that is older than `rotateAfterMs`, and drops those whose time is over. Returns the id of a new key, or null. */
  maintain(options: {
    readonly now: number
    readonly keepMs: number
    readonly rotateAfterMs: number
  }): Promise<string | null>
}

/** Makes a codec that keeps something in the store. */
export type CodecFactory = (store: {
  readonly documents: Documents
  readonly clock: Clock
}) => Promise<TokenCodec>
