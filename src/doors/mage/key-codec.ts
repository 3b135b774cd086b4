import type { TokenCodec } from '../../core/token/codec.ts'
import { nativeCodec } from '../../core/token/native-codec.ts'
import { randomText } from '../../core/token/secret.ts'
import { isSessionId } from '../../core/token/session-id.ts'

/** The name of the session key as a token format. */
export const MAGE_FORMAT = 'mage'

const ID_LENGTH = 25
const SECRET_LENGTH = 43
const KEY = new RegExp(`^[0-9A-Za-z]{${ID_LENGTH + SECRET_LENGTH}}$`)
const MAX_OWNER_LENGTH = 254

/**
 * The session key as a token format: `<actorId>:<key>`, split at the last colon, where the key is the session's id and its secret: 68
 * characters of `[0-9A-Za-z]`. It has no renewal code of its own. To be given to `createAuthority({ codecs })`.
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

/** What a session key says before anything is looked up: whose it is; null for what is no key at all. */
export function ownerOfKey(key: unknown): string | null {
  if (typeof key !== 'string') return null
  const colon = key.lastIndexOf(':')
  return colon === -1 ? null : key.slice(0, colon)
}

/** The session key of a token of either format: a native one has no owner in it. */
export function fullKeyOf(token: string, owner: string): string {
  const native = nativeCodec.parse(token)
  return native === null ? token : mageCodec.format(native, { owner })
}

/** The id of the session that a key is for, where its shape says so. */
export function sessionIdOfKey(key: string): string | null {
  const parsed = mageCodec.parse(key) ?? nativeCodec.parse(key)
  return parsed !== null && isSessionId(parsed.id) ? parsed.id : null
}
