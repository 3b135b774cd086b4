import { decodeHex } from './encoding.ts'
import { scryptHash } from './scrypt.ts'
import type { StoredHash } from './stored-hash.ts'

const SHAPE = /^([0-9a-f]{32}):([0-9a-f]{128})$/

/**
 * Parses the format of better-auth, and of Lucia 3: `salt:key` in hexadecimal, scrypt of the NFKC
 * form with the salt's digits as the salt. Returns null for any other text.
 */
export function parseBetterAuth(stored: string): StoredHash | null {
  const [, salt = '', key] = SHAPE.exec(stored) ?? []
  const expected = decodeHex(key, 64, 64)
  if (expected === null) return null
  const cost = { cost: 16_384, blockSize: 16, parallelization: 1 }
  const hash = scryptHash({ ...cost, salt: Buffer.from(salt), expected })
  if (hash === null) return null
  return {
    ...hash,
    derive: (password) => hash.derive(password.normalize('NFKC')),
    seesWhole: (password) => password.normalize('NFKC') === password.normalize('NFC'),
  }
}
