import type { TokenCodec } from '../../core/token/codec.ts'
import { CHECKSUM_LENGTH, checksum, SECRET_LENGTH } from '../../core/token/native-codec.ts'
import { randomText } from '../../core/token/secret.ts'
import { ID_LENGTH } from '../../core/token/session-id.ts'

/** The name of Angen's pair of codes as a token format. */
export const ANGEN_FORMAT = 'angen'

const TOKEN_BODY = ID_LENGTH + SECRET_LENGTH
const RENEWAL_BODY = TOKEN_BODY + SECRET_LENGTH
const CODE = /^[0-9A-Za-z]+$/

// It differs from the native checksum, so that a native token without its prefix is not of this format.
const withChecksum = (body: string) => body + checksum(`angen/${body}`)

/** Returns the text before the checksum of a code of that length, or null for any other text. */
function bodyOf(code: string, length: number): string | null {
  if (code.length !== length + CHECKSUM_LENGTH || !CODE.test(code)) return null
  const body = code.slice(0, length)
  return withChecksum(body) === code ? body : null
}

/**
 * Angen's two codes as a token format of letters and digits: the identifier code (75 characters) contains the session's id, its
 * secret and a checksum; the renewal code (118) the id, both secrets of the renewal and a checksum. Pass it to
 * `createAuthority({ codecs })`.
 */
export const angenCodec: TokenCodec = {
  name: ANGEN_FORMAT,
  createSecret: () => randomText(SECRET_LENGTH),
  format: ({ id, secret }) => withChecksum(id + secret),
  parse(token) {
    const body = bodyOf(token, TOKEN_BODY)
    return body === null ? null : { id: body.slice(0, ID_LENGTH), secret: body.slice(ID_LENGTH) }
  },
  formatRenewal: ({ id, family, generation }) => withChecksum(id + family + generation),
  parseRenewal(code) {
    const body = bodyOf(code, RENEWAL_BODY)
    if (body === null) return null
    return {
      id: body.slice(0, ID_LENGTH),
      family: body.slice(ID_LENGTH, TOKEN_BODY),
      generation: body.slice(TOKEN_BODY),
    }
  },
}
