import { crc32 } from 'node:zlib'
import type { TokenCodec } from './codec.ts'
import { randomText } from './secret.ts'
import { ID_LENGTH } from './session-id.ts'

/*
 * The native format. Both kinds have a fixed length and only the characters [0-9A-Za-z_]; nothing is
 * decoded, fields are slices and hashes are over the characters:
 *
 *   lks_ | id 25 | secret 43 | checksum 7
 *   lkr_ | id 25 | family secret 43 | generation secret 43 | checksum 7
 *
 * The id is 3 characters of slot tag and 22 random ones (131 bits); a secret is 43 random ones (256
 * bits). The checksum is CRC-32 in base 36: it lets a scanner distinguish a leaked token from noise,
 * and lets a mistyped token be refused without a look-up.
 */
const TOKEN_PREFIX = 'lks_'
const RENEWAL_PREFIX = 'lkr_'
export const CHECKSUM_LENGTH = 7
export const SECRET_LENGTH = 43
const ID_END = 4 + ID_LENGTH
const TOKEN_BODY_END = ID_END + SECRET_LENGTH
const TOKEN_LENGTH = TOKEN_BODY_END + CHECKSUM_LENGTH
const RENEWAL_BODY_END = TOKEN_BODY_END + SECRET_LENGTH
const RENEWAL_LENGTH = RENEWAL_BODY_END + CHECKSUM_LENGTH

/**
 * Returns the CRC-32 of a text in base 36, seven characters: it detects typing errors and noise,
 * and proves nothing.
 */
export function checksum(text: string): string {
  return crc32(text).toString(36).padStart(CHECKSUM_LENGTH, '0')
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
 * Matches a string that looks like a latchkey token or code, or like any JWT: for redaction in logs
 * and for scanners. The tokens of doors without a prefix are 68 to 118 consecutive letters and
 * digits, which is longer than a hash.
 */
export const TOKEN_PATTERN: RegExp =
  /lk[sr]_[0-9A-Za-z]{75,118}|lkd_[0-9A-Za-z]{43}|eyJ[\w-]{8,256}\.eyJ[\w-]{8,4096}(?:\.[\w-]*)?|(?<![\w-])[0-9A-Za-z]{68,120}(?![\w-])/g
