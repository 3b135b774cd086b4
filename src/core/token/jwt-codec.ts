import { LatchkeyError } from '../errors.ts'
import type { CodecFactory, ParsedToken } from './codec.ts'
import { isHeader, openKeyRing } from './key-ring.ts'
import { nativeCodec } from './native-codec.ts'
import { ParsedTokens } from './parsed-tokens.ts'
import { digestSecret, randomText } from './secret.ts'
import { isSessionId } from './session-id.ts'

/** The name of the signed token format. */
export const JWT_FORMAT = 'jwt'

const MAX_LENGTH = 2048
const SECRET_LENGTH = 43
const SECRET = new RegExp(`^[0-9A-Za-z]{${SECRET_LENGTH}}$`)
/** The last character of 64 bytes in base64url has four unused bits, which must be 0. */
const SHAPE = /^(eyJ[\w-]+)\.(eyJ[\w-]+)\.([\w-]{85}[AQgw])$/
/**
 * Prefixes the secret of a signed token, so that no other format can present it: it is useless
 * without its signature.
 */
const MARK = 'jwt:'

/** Options of `jwtCodec`. */
export interface JwtOptions {
  /** The `iss` of every token. `latchkey` by default. */
  readonly issuer?: string
  /** The `aud` of every token. `latchkey` by default. */
  readonly audience?: string
}

interface Claims {
  readonly iss: string
  readonly aud: string
  readonly sub: string
  readonly sid: string
  readonly iat: number
  readonly exp: number
  readonly jti: string
}

/**
 * Returns a token format with signed tokens: compact JWS (RFC 7515) by Ed25519 (RFC 8037) with
 * `sub` the session's owner, `sid` its id, `jti` its secret, `iat` and `exp` in seconds. A token is
 * valid if its signature is valid, its `exp` is in the future *and* its session is live with that
 * secret. Only text exactly as the codec writes it is a token of this format. Pass it to
 * `createAuthority({ codecs })`. Throws `invalid_request` for an issuer or audience of more than
 * 200 characters.
 */
export function jwtCodec({
  issuer = 'latchkey',
  audience = 'latchkey',
}: JwtOptions = {}): CodecFactory {
  for (const name of [issuer, audience]) {
    if (name !== '' && name.length <= 200) continue
    throw new LatchkeyError(
      'invalid_request',
      'An issuer and an audience must have 1 to 200 characters.',
    )
  }
  return async (store) => {
    const keys = await openKeyRing(store)
    const parse = (token: string): ParsedToken | null => {
      if (token.length > MAX_LENGTH) return null
      const [, header = '', payload = '', signature = ''] = SHAPE.exec(token) ?? []
      if (header === '' || !isHeader(header)) return null
      const claims = decode(payload)
      if (claims === null || claims.iss !== issuer || claims.aud !== audience) return null
      const secret = MARK + claims.jti
      return {
        id: claims.sid,
        secret,
        owner: claims.sub,
        expiresAt: claims.exp * 1000,
        digests: { token: digestSecret(token), secret: digestSecret(secret) },
        verify: () => keys.verify(header, payload, signature),
      }
    }
    const remembered = new ParsedTokens()
    return {
      name: JWT_FORMAT,
      keys,
      createSecret: () => MARK + randomText(SECRET_LENGTH),
      expiryOf: ({ expiresAt = 0 }) => Math.floor(expiresAt / 1000) * 1000,
      format({ id, secret }, { owner, issuedAt, expiresAt }) {
        if (issuedAt === undefined || expiresAt === undefined) {
          throw new LatchkeyError(
            'invalid_request',
            'A signed token needs an expiry. Pass expiresAt.',
          )
        }
        const token = keys.sign(
          encode({
            iss: issuer,
            aud: audience,
            sub: owner,
            sid: id,
            iat: Math.floor(issuedAt / 1000),
            exp: Math.floor(expiresAt / 1000),
            jti: secret.slice(MARK.length),
          }),
        )
        if (token.length <= MAX_LENGTH) return token
        throw new LatchkeyError('too_large', 'The owner’s id is too long for a signed token.')
      },
      parse(token) {
        const cached = remembered.find(token)
        if (cached !== undefined) return cached
        const parsed = parse(token)
        if (parsed !== null) remembered.keep(token, parsed)
        return parsed
      },
      formatRenewal: nativeCodec.formatRenewal,
      parseRenewal: () => null,
    }
  }
}

function encode({ iss, aud, sub, sid, iat, exp, jti }: Claims): string {
  return Buffer.from(JSON.stringify({ iss, aud, sub, sid, iat, exp, jti })).toString('base64url')
}

// A payload that encodes to the same text has these claims once each, in order, and nothing else.
function decode(payload: string): Claims | null {
  const claims = parseJson(Buffer.from(payload, 'base64url').toString())
  return isClaims(claims) && encode(claims) === payload ? claims : null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function isClaims(value: unknown): value is Claims {
  if (typeof value !== 'object' || value === null) return false
  const { iss, aud, sub, sid, iat, exp, jti } = value as Record<keyof Claims, unknown>
  return (
    typeof iss === 'string' &&
    typeof aud === 'string' &&
    typeof sub === 'string' &&
    typeof sid === 'string' &&
    isSessionId(sid) &&
    Number.isSafeInteger(iat) &&
    Number.isSafeInteger(exp) &&
    typeof jti === 'string' &&
    SECRET.test(jti)
  )
}
