import { type ScryptOptions, scrypt } from 'node:crypto'
import { decodeBase64, decodeCount } from './encoding.ts'
import { LIMITS, type StoredHash } from './stored-hash.ts'

/** The cost of a scrypt hash (RFC 7914). */
export interface ScryptCost {
  /** N, a power of two. */
  readonly cost: number
  readonly blockSize: number
  readonly parallelization: number
}

export interface ScryptHash extends ScryptCost {
  readonly salt: Buffer
  readonly expected: Buffer
}

/** A function that computes the scrypt key of a password. */
export type DeriveScryptKey = (password: string) => Promise<Buffer>

/**
 * Returns a stored scrypt hash (RFC 7914), or null if its parameters are invalid or cost too much.
 */
export function scryptHash({ salt, expected, ...cost }: ScryptHash): StoredHash | null {
  const derive = scryptKey(salt, expected.length, cost)
  return derive === null ? null : { expected, work: scryptWork(cost), derive }
}

/** Returns the {@link StoredHash.work} of a scrypt hash. */
export function scryptWork({ cost, blockSize, parallelization }: ScryptCost): string {
  return `scrypt ${cost} ${blockSize} ${parallelization}`
}

/**
 * Returns a function that computes scrypt keys, or null under the conditions of {@link scryptHash}.
 */
export function scryptKey(
  salt: Buffer,
  keyBytes: number,
  { cost, blockSize, parallelization }: ScryptCost,
): DeriveScryptKey | null {
  const logN = Math.log2(cost)
  if (
    ![logN, blockSize, parallelization].every((count) => Number.isSafeInteger(count) && count > 0)
  )
    return null
  if (cost * blockSize > LIMITS.memoryKiB * 8) return null
  if (cost * blockSize * parallelization > LIMITS.scryptWork) return null
  // OpenSSL refuses an N that a block of this size cannot address (RFC 7914, section 6).
  if (logN >= 16 * blockSize) return null
  const maxmem = 128 * blockSize * (cost + parallelization + 2) + 1024
  const options = { cost, blockSize, parallelization, maxmem }
  return (password) => deriveScrypt(password, salt, keyBytes, options)
}

const SHAPE = /^\$scrypt\$(ln|n)=(\d+),r=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/

/**
 * Parses a scrypt PHC string, `$scrypt$ln=15,r=8,p=1$salt$hash` (or with `n=32768`, as AdonisJS
 * writes it). Returns null if it is another format or costs too much.
 */
export function parseScrypt(stored: string): StoredHash | null {
  const [, name, n, r, p, saltText = '', tagText = ''] = SHAPE.exec(stored) ?? []
  const first = decodeCount(n)
  const blockSize = decodeCount(r)
  const parallelization = decodeCount(p)
  const salt = decodeBase64(saltText, 1, LIMITS.saltBytes)
  const expected = decodeBase64(tagText, LIMITS.minTagBytes, LIMITS.maxTagBytes)
  if (first === null || blockSize === null || parallelization === null) return null
  if (salt === null || expected === null) return null
  const cost = name === 'ln' ? 2 ** first : first
  return scryptHash({ cost, blockSize, parallelization, salt, expected })
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
