import { createCipheriv } from 'node:crypto'
import { decodeBase64, decodeCount } from './encoding.ts'
import { scryptKey, scryptWork } from './scrypt.ts'
import { LIMITS, type StoredHash } from './stored-hash.ts'

const SHAPE =
  /^\$fbscrypt\$v=1,n=(\d+),r=(\d+),p=(\d+)(?:,ss=([^,$]*))?,sk=([^,$]+)\$([^$]+)\$([^$]+)$/

/**
 * Parses the modified scrypt of Firebase in the notation of Supabase Auth,
 * `$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=KEY$salt$hash`: `n` is the project's `mem_cost`, `r` its
 * `rounds`, `ss` its `base64_salt_separator`, `sk` its `base64_signer_key`; salt and hash are of
 * the user. Returns null for any other text.
 */
export function parseFirebase(stored: string): StoredHash | null {
  const [, n, r, p, ss = '', sk = '', saltText = '', tagText = ''] = SHAPE.exec(stored) ?? []
  const logN = decodeCount(n)
  const blockSize = decodeCount(r)
  const parallelization = decodeCount(p)
  const separator = ss === '' ? Buffer.alloc(0) : decodeBase64(ss, 1, LIMITS.saltBytes)
  const signerKey = decodeBase64(sk, LIMITS.minTagBytes, LIMITS.maxTagBytes)
  const salt = decodeBase64(saltText, 1, LIMITS.saltBytes)
  const expected = decodeBase64(tagText, LIMITS.minTagBytes, LIMITS.maxTagBytes)
  if (logN === null || blockSize === null || parallelization === null) return null
  if (separator === null || signerKey === null || salt === null || expected === null) return null
  const cost = { cost: 2 ** logN, blockSize, parallelization }
  const deriveKey = scryptKey(Buffer.concat([salt, separator]), 32, cost)
  if (deriveKey === null) return null
  return {
    expected,
    work: scryptWork(cost),
    async derive(password) {
      const cipher = createCipheriv('aes-256-ctr', await deriveKey(password), Buffer.alloc(16))
      return Buffer.concat([cipher.update(signerKey), cipher.final()])
    },
  }
}
