import { type ScryptOptions, scrypt } from 'node:crypto'
import { decodeBase64, decodeCount } from './encoding.ts'
import { LIMITS, type StoredHash } from './stored-hash.ts'

const SHAPE = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/

/** Parses a scrypt PHC string (RFC 7914), `$scrypt$ln=15,r=8,p=1$salt$hash`; null if it is none or costs too much. */
export function parseScrypt(stored: string): StoredHash | null {
  const [, ln, r, p, saltText = '', tagText = ''] = SHAPE.exec(stored) ?? []
  const logN = decodeCount(ln)
  const blockSize = decodeCount(r)
  const parallelization = decodeCount(p)
  const salt = decodeBase64(saltText, 1, LIMITS.saltBytes)
  const expected = decodeBase64(tagText, LIMITS.minTagBytes, LIMITS.maxTagBytes)
  if (logN === null || blockSize === null || parallelization === null) return null
  if (salt === null || expected === null) return null
  const cost = 2 ** logN
  if (cost * blockSize > LIMITS.memoryKiB * 8) return null
  if (cost * blockSize * parallelization > LIMITS.scryptWork) return null
  // OpenSSL refuses an N that a block of this size cannot address (RFC 7914, section 6).
  if (logN >= 16 * blockSize) return null
  const maxmem = 128 * blockSize * (cost + parallelization + 2) + 1024
  const options = { cost, blockSize, parallelization, maxmem }
  return { expected, derive: (password) => deriveScrypt(password, salt, expected.length, options) }
}

function deriveScrypt(
  password: string,
  salt: Buffer,
  tagBytes: number,
  options: ScryptOptions,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, tagBytes, options, (error, tag) => {
      if (error) reject(error)
      else resolve(tag)
    })
  })
}
