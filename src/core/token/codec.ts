import { crc32 } from 'node:zlib'
import type { Clock, Documents } from '../ports/index.ts'
import { randomText } from './secret.ts'

/*
 * The native format. Both kinds are fixed in length and made of [0-9A-Za-z_] alone; nothing is decoded, fields are
 * slices and hashes are over the characters:
 *
 *   lks_ | id 25 | secret 43 | checksum 7
 *   lkr_ | id 25 | family secret 43 | generation secret 43 | checksum 7
 *
 * The id is 3 characters of slot tag and 22 random ones (131 bits); a secret is 43 random ones (256 bits). The checksum is
 * CRC-32 in base 36: it lets a scanner tell a leaked token from noise, and us refuse a mistyped one without a look-up.
 */
const TOKEN_PREFIX = 'lks_'
const RENEWAL_PREFIX = 'lkr_'
const SLOT_LENGTH = 3
export const ID_LENGTH = 25
export const SECRET_LENGTH = 43
export const CHECKSUM_LENGTH = 7
const ID_END = 4 + ID_LENGTH
const TOKEN_BODY_END = ID_END + SECRET_LENGTH
const TOKEN_LENGTH = TOKEN_BODY_END + CHECKSUM_LENGTH
const RENEWAL_BODY_END = TOKEN_BODY_END + SECRET_LENGTH
const RENEWAL_LENGTH = RENEWAL_BODY_END + CHECKSUM_LENGTH

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
  /** Whether it is signed by the house, in formats that are: without a yes nothing that the token says is believed. */
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
  format(token: ParsedToken, facts: TokenFacts): string
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

/** CRC-32 of a text in base 36, seven characters: a scanner's and a typist's check, no proof of anything. */
export function checksum(text: string): string {
  return crc32(text).toString(36).padStart(CHECKSUM_LENGTH, '0')
}

const PLAIN = /^[0-9A-Za-z]+$/

/** Whether a string has the shape of a session id, the public handle. */
export function isSessionId(text: string): boolean {
  return text.length === ID_LENGTH && PLAIN.test(text)
}

/** The slot tag of an owner: CRC-16/XMODEM modulo 16,384 in base 62, as a Redis cluster hashes keys. */
export function slotTag(owner: string): string {
  let crc = 0
  for (const byte of Buffer.from(owner)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : crc << 1
  }
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  let slot = crc & 16383
  let tag = ''
  for (let i = 0; i < SLOT_LENGTH; i++) {
    tag = digits[slot % 62] + tag
    slot = Math.floor(slot / 62)
  }
  return tag
}

/** A new session id for an owner. */
export function createSessionId(owner: string): string {
  return slotTag(owner) + randomText(ID_LENGTH - SLOT_LENGTH)
}

/** The native codec: `lks_…` and `lkr_…`. */
export const nativeCodec: TokenCodec = {
  name: 'native',
  createSecret: () => randomText(SECRET_LENGTH),
  format({ id, secret }) {
    const body = id + secret
    return TOKEN_PREFIX + body + checksum(body)
  },
  parse(token) {
    if (token.length !== TOKEN_LENGTH || !token.startsWith(TOKEN_PREFIX)) return null
    if (checksum(token.slice(4, TOKEN_BODY_END)) !== token.slice(TOKEN_BODY_END)) return null
    return { id: token.slice(4, ID_END), secret: token.slice(ID_END, TOKEN_BODY_END) }
  },
  formatRenewal({ id, family, generation }) {
    const body = id + family + generation
    return RENEWAL_PREFIX + body + checksum(body)
  },
  parseRenewal(code) {
    if (code.length !== RENEWAL_LENGTH || !code.startsWith(RENEWAL_PREFIX)) return null
    if (checksum(code.slice(4, RENEWAL_BODY_END)) !== code.slice(RENEWAL_BODY_END)) return null
    return {
      id: code.slice(4, ID_END),
      family: code.slice(ID_END, TOKEN_BODY_END),
      generation: code.slice(TOKEN_BODY_END, RENEWAL_BODY_END),
    }
  },
}

/**
 * Whether a string looks like one of our tokens or codes, or like any JWT: for redaction in logs and for scanners. The formats of
 * doors that write no prefix are 68 to 118 letters and digits without a break: longer than a hash is.
 */
export const TOKEN_PATTERN: RegExp =
  /lk[sr]_[0-9A-Za-z]{75,118}|lkd_[0-9A-Za-z]{43}|eyJ[\w-]{8,256}\.eyJ[\w-]{8,4096}(?:\.[\w-]*)?|(?<![\w-])[0-9A-Za-z]{68,120}(?![\w-])/g
