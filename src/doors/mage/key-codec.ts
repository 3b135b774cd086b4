import type { TokenCodec } from '../../core/token/codec.ts'
import { nativeCodec } from '../../core/token/native-codec.ts'
import { randomText } from '../../core/token/secret.ts'

/** The name of the token format of MAGE's session keys. */
export const MAGE_FORMAT = 'mage'

const ID_LENGTH = 25
const SECRET_LENGTH = 43
const KEY = new RegExp(`^[0-9A-Za-z]{${ID_LENGTH + SECRET_LENGTH}}$`)
const MAX_OWNER_LENGTH = 254

/**
 * The token format of MAGE's session keys, for `createAuthority({ codecs })`: `<actorId>:<key>`, split at the last colon. The key is the
 * session's id and its secret, 68 characters of `[0-9A-Za-z]`. Renewal codes have the native format.
 */
export const mageCodec: TokenCodec = {
  name: MAGE_FORMAT,
  createSecret: () => randomText(SECRET_LENGTH),
  format: ({ id, secret }, { owner }) => `${owner}:${id}${secret}`,
  parse(token) {
    const colon = token.lastIndexOf(':')
    if (colon < 1 || colon > MAX_OWNER_LENGTH) return null
    const key = token.slice(colon + 1)
    if (!KEY.test(key)) return null
    const id = key.slice(0, ID_LENGTH)
    return { id, secret: key.slice(ID_LENGTH), owner: token.slice(0, colon) }
  },
  formatRenewal: nativeCodec.formatRenewal,
  parseRenewal: () => null,
}
