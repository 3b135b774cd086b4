import { createHash, createHmac } from 'node:crypto'
import { decodeHex, parseObject } from './encoding.ts'
import { pbkdf2Hash } from './pbkdf2.ts'
import { LIMITS, type StoredHash } from './stored-hash.ts'

/** The default of MAGE's PBKDF2, if neither the record nor the configuration has a value. */
const DEFAULT_ITERATIONS = 10_000

const DIGESTS = new Set([
  'md5',
  'sha1',
  'sha224',
  'sha256',
  'sha384',
  'sha512',
  'sha512-256',
  'sha3-256',
  'sha3-512',
  'ripemd160',
])

/**
 * Parses a hash record of MAGE's auth module, as JSON text with salt and hash in hexadecimal:
 * `hash` is digest(salt ‖ password), `hmac` is HMAC(key, salt ‖ password) with a key from the
 * configuration. Returns null for any other text, and for an `hmac` record without a key.
 */
export function parseMageRecord(stored: string, hmacKey: Buffer | null): StoredHash | null {
  const record = parseObject(stored)
  if (record === null) return null
  const { type, algorithm } = record
  const salt = decodeHex(record['salt'], 1, LIMITS.saltBytes)
  const expected = decodeHex(record['hash'], LIMITS.minTagBytes, LIMITS.maxTagBytes)
  if (typeof algorithm !== 'string' || salt === null || expected === null) return null
  const digest = algorithm.toLowerCase()
  if (type === 'pbkdf2') {
    const { iterations = DEFAULT_ITERATIONS, keyLength = expected.length } = record
    if (typeof iterations !== 'number' || keyLength !== expected.length) return null
    return pbkdf2Hash({ digest, iterations, salt, expected })
  }
  if (!DIGESTS.has(digest)) return null
  if (type === 'hash') {
    return {
      expected,
      work: 'digest',
      derive: async (password) => createHash(digest).update(salt).update(password).digest(),
    }
  }
  if (type !== 'hmac' || hmacKey === null) return null
  return {
    expected,
    work: 'digest',
    derive: async (password) => createHmac(digest, hmacKey).update(salt).update(password).digest(),
  }
}
