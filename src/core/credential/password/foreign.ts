import { LatchkeyError } from '../../errors.ts'
import { type DeriveArgon2, deriveArgon2, parseArgon2 } from './argon2.ts'
import { parseBcrypt, type ResolveBcrypt, resolveBcryptjs } from './bcrypt.ts'
import { parseBetterAuth } from './better-auth.ts'
import { parseBraced } from './braced.ts'
import { parseDjango } from './django.ts'
import { decodeHex } from './encoding.ts'
import { parseFirebase } from './firebase.ts'
import { explainUnsupported } from './format-names.ts'
import { parseKeycloak } from './keycloak.ts'
import { parseMageRecord } from './mage-record.ts'
import { parsePbkdf2 } from './pbkdf2.ts'
import { parsePasslibBcrypt, parseWordPress } from './prehashed.ts'
import { parseScrypt } from './scrypt.ts'
import { LIMITS, type StoredHash } from './stored-hash.ts'
import { parseWeak } from './weak.ts'
import { parseWerkzeug } from './werkzeug.ts'

/** Options for verifying hashes made by other systems. */
export interface ForeignHashOptions {
  /** The key of MAGE's `hmac` records, in hexadecimal; without it they do not verify. */
  readonly mageHmacKeyHex?: string | undefined
  /**
   * Whether hashes that are fast to guess verify: phpass with MD5, digests of LDAP, plain text.
   * They are replaced at the first login. False by default.
   */
  readonly weakHashes?: boolean | undefined
}

/** A parser of stored hashes. */
export interface StoredHashParser {
  /** Returns null if the text is malformed, unknown, not allowed or costs too much. */
  parse(stored: string): StoredHash | null
  /**
   * Returns why a hash cannot be parsed, as the end of a sentence that begins with its field's
   * name; null if it can.
   */
  whyUnsupported(stored: string): string | null
}

/**
 * Creates the parser of stored hashes. Throws `invalid_request` for a key that is not hexadecimal.
 */
export function createStoredHashParser({
  mageHmacKeyHex,
  weakHashes = false,
  derive = deriveArgon2,
  resolveBcrypt = resolveBcryptjs,
}: ForeignHashOptions & {
  readonly derive?: DeriveArgon2 | undefined
  readonly resolveBcrypt?: ResolveBcrypt | undefined
} = {}): StoredHashParser {
  const hmacKey = mageHmacKeyHex === undefined ? null : decodeHex(mageHmacKeyHex, 1, 1024)
  if (mageHmacKeyHex !== undefined && hmacKey === null) {
    throw new LatchkeyError('invalid_request', 'The HMAC key is not hexadecimal.')
  }
  const parsePlain = (stored: string) =>
    parseArgon2(stored, derive) ??
    parseBcrypt(stored, resolveBcrypt) ??
    parseScrypt(stored) ??
    parsePbkdf2(stored)
  const parseStrong = (stored: string) =>
    parsePlain(stored) ??
    parseDjango(stored, derive, resolveBcrypt) ??
    parseWerkzeug(stored) ??
    parseBetterAuth(stored) ??
    parsePasslibBcrypt(stored, resolveBcrypt) ??
    parseWordPress(stored, resolveBcrypt) ??
    parseFirebase(stored) ??
    parseKeycloak(stored, derive) ??
    parseMageRecord(stored, hmacKey) ??
    parseBraced(stored, parsePlain)
  const parse = (stored: string) => {
    if (stored.length > LIMITS.storedChars) return null
    return parseStrong(stored) ?? (weakHashes ? parseWeak(stored) : null)
  }
  return {
    parse,
    whyUnsupported(stored) {
      if (stored.length > LIMITS.storedChars) return 'is too long'
      if (parse(stored) !== null) return null
      return parseWeak(stored) === null
        ? explainUnsupported(stored)
        : 'is fast to guess; allow such hashes with weakHashes, or import without it and reset the password'
    },
  }
}
