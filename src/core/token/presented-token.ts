import type { ParsedToken, TokenCodec, TokenFacts } from './codec.ts'

/** A token's text, and when it expires in formats with an expiry (epoch milliseconds). */
export interface IssuedToken {
  readonly token: string
  readonly expiresAt?: number
}

/** Returns a new token in a format. */
export function writeToken(
  codec: TokenCodec,
  { id, secret }: Pick<ParsedToken, 'id' | 'secret'>,
  facts: TokenFacts,
): IssuedToken {
  const token = codec.format({ id, secret }, facts)
  const expiresAt = codec.expiryOf?.(facts)
  return expiresAt === undefined ? { token } : { token, expiresAt }
}

/**
 * The token of one request, parsed once. It is part of the result of `authenticate`, so that no
 * caller parses the text again. The secret is private: neither `JSON.stringify` nor an inspection
 * shows it.
 */
export class PresentedToken {
  readonly #codec: TokenCodec
  readonly #parts: ParsedToken

  constructor(codec: TokenCodec, parts: ParsedToken) {
    this.#codec = codec
    this.#parts = parts
  }

  /** Returns the fields of a token, for the check itself. */
  static partsOf(token: PresentedToken): ParsedToken {
    return token.#parts
  }

  /** The name of its format, such as `native`. */
  get format(): string {
    return this.#codec.name
  }

  /** The public handle of the session that the token names. Not verified. */
  get sessionId(): string {
    return this.#parts.id
  }

  /** The owner that the token names, in formats that name one, else null. */
  get owner(): string | null {
    return this.#parts.owner ?? null
  }

  /** When the token itself expires (epoch milliseconds), in formats with an expiry, else null. */
  get expiresAt(): number | null {
    return this.#parts.expiresAt ?? null
  }

  /** Returns a token of the same format and secret with other facts. */
  reissue(facts: TokenFacts): IssuedToken {
    return writeToken(this.#codec, this.#parts, facts)
  }
}
