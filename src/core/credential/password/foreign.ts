import { LatchkeyError } from '../../errors.ts'
import { type DeriveArgon2, deriveArgon2, parseArgon2 } from './argon2.ts'
import { parseBcrypt, type ResolveBcrypt, resolveBcryptjs } from './bcrypt.ts'
import { decodeHex } from './encoding.ts'
import { parseMageRecord } from './mage-record.ts'
import { parsePbkdf2 } from './pbkdf2.ts'
import { parseScrypt } from './scrypt.ts'
import { LIMITS, type StoredHash } from './stored-hash.ts'

/** What it takes to verify hashes that other systems have made. */
export interface ForeignHashOptions {
  /** The key of MAGE's `hmac` records, in hexadecimal; without it they do not verify. */
  readonly mageHmacKeyHex?: string | undefined
}

/** Parses any supported stored hash; null if it is malformed, unknown or asks too much of the machine. */
export type ParseStoredHash = (stored: string) => StoredHash | null

/** Makes the parser of stored hashes. Throws `invalid_request` for a key that is not hexadecimal. */
export function createStoredHashParser({
  mageHmacKeyHex,
  derive = deriveArgon2,
  resolveBcrypt = resolveBcryptjs,
}: ForeignHashOptions & {
  readonly derive?: DeriveArgon2 | undefined
  readonly resolveBcrypt?: ResolveBcrypt | undefined
} = {}): ParseStoredHash {
  const hmacKey = mageHmacKeyHex === undefined ? null : decodeHex(mageHmacKeyHex, 1, 1024)
  if (mageHmacKeyHex !== undefined && hmacKey === null) {
    throw new LatchkeyError('invalid_request', 'The HMAC key is not hexadecimal.')
  }
  return (stored) => {
    if (stored.length > LIMITS.storedChars) return null
    return (
      parseArgon2(stored, derive) ??
      parseBcrypt(stored, resolveBcrypt) ??
      parseScrypt(stored) ??
      parsePbkdf2(stored) ??
      parseMageRecord(stored, hmacKey)
    )
  }
}
