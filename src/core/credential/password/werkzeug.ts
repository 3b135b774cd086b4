import { decodeCount, decodeHex } from './encoding.ts'
import { pbkdf2Hash } from './pbkdf2.ts'
import { scryptHash } from './scrypt.ts'
import { LIMITS, type StoredHash } from './stored-hash.ts'

const SHAPE =
  /^(?:scrypt:(\d+):(\d+):(\d+)|pbkdf2:(sha1|sha224|sha256|sha384|sha512):(\d+))\$([^$]{1,128})\$([0-9a-f]+)$/

/**
 * Parses the formats of Werkzeug (Flask): `scrypt:32768:8:1$salt$hex` and
 * `pbkdf2:sha256:600000$salt$hex`. Returns null for any other text.
 */
export function parseWerkzeug(stored: string): StoredHash | null {
  const [, n, r, p, digest, count, saltText = '', tagText] = SHAPE.exec(stored) ?? []
  const salt = Buffer.from(saltText)
  const expected = decodeHex(tagText, LIMITS.minTagBytes, LIMITS.maxTagBytes)
  if (expected === null) return null
  if (digest !== undefined) {
    const iterations = decodeCount(count)
    return iterations === null ? null : pbkdf2Hash({ digest, iterations, salt, expected })
  }
  const cost = decodeCount(n)
  const blockSize = decodeCount(r)
  const parallelization = decodeCount(p)
  if (cost === null || blockSize === null || parallelization === null) return null
  return scryptHash({ cost, blockSize, parallelization, salt, expected })
}
