import { createHash } from 'node:crypto'
import { type DeriveArgon2, parseArgon2 } from './argon2.ts'
import { parseBcrypt, prehashedBcrypt, type ResolveBcrypt } from './bcrypt.ts'
import { decodeBase64, decodeCount } from './encoding.ts'
import { scryptHash } from './scrypt.ts'
import { LIMITS, type StoredHash } from './stored-hash.ts'

const SCRYPT_SHAPE = /^scrypt\$(\d+)\$([^$]{1,128})\$(\d+)\$(\d+)\$([^$]+)$/

/**
 * Parses the formats of Django other than PBKDF2: `argon2$argon2id$…`, `bcrypt$$2b$…`,
 * `bcrypt_sha256$$2b$…` and `scrypt$16384$salt$8$1$hash`. Returns null for any other text.
 */
export function parseDjango(
  stored: string,
  derive: DeriveArgon2,
  resolve: ResolveBcrypt,
): StoredHash | null {
  const [, algorithm, rest = ''] = /^(argon2|bcrypt|bcrypt_sha256)(\$.*)$/.exec(stored) ?? []
  if (algorithm === 'argon2') return parseArgon2(rest, derive)
  if (algorithm === 'bcrypt') return parseBcrypt(rest.slice(1), resolve)
  if (algorithm === 'bcrypt_sha256') {
    return prehashedBcrypt(parseBcrypt(rest.slice(1), resolve), (password) =>
      createHash('sha256').update(password).digest('hex'),
    )
  }
  return parseDjangoScrypt(stored)
}

function parseDjangoScrypt(stored: string): StoredHash | null {
  const [, n, salt = '', r, p, tagText = ''] = SCRYPT_SHAPE.exec(stored) ?? []
  const cost = decodeCount(n)
  const blockSize = decodeCount(r)
  const parallelization = decodeCount(p)
  const expected = decodeBase64(tagText, LIMITS.minTagBytes, LIMITS.maxTagBytes)
  if (cost === null || blockSize === null || parallelization === null || expected === null) {
    return null
  }
  return scryptHash({ cost, blockSize, parallelization, salt: Buffer.from(salt), expected })
}
