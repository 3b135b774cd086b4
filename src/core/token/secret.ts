import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hash,
  hkdfSync,
  randomBytes,
  randomFillSync,
} from 'node:crypto'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const pool = new Uint8Array(4096)
let poolAt = pool.length

/**
 * Returns random characters of `[0-9A-Za-z]` from the CSPRNG, without modulo bias: 5.95 bits each.
 */
export function randomText(length: number): string {
  let text = ''
  while (text.length < length) {
    if (poolAt === pool.length) {
      randomFillSync(pool)
      poolAt = 0
    }
    const at = poolAt++
    const six = (pool[at] as number) & 63
    pool[at] = 0
    if (six < 62) text += ALPHABET[six]
  }
  return text
}

/**
 * Returns the SHA-256 of a secret's characters, base64url (43 characters): the value that stores
 * hold.
 */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'base64url')
}

/**
 * Returns the same SHA-256 as {@link hashSecret}, as 32 characters of one byte each: the value that
 * a check compares.
 */
export function digestSecret(secret: string): string {
  return hash('sha256', secret, 'latin1')
}

/** Returns the stored form of a result of {@link digestSecret}. */
export function hashOfDigest(digest: string): string {
  return Buffer.from(digest, 'latin1').toString('base64url')
}

/** Returns the eight 32-bit words of a stored hash. */
export function wordsOfHash(stored: string): Int32Array {
  const bytes = Buffer.from(stored, 'base64url')
  return Int32Array.from({ length: 8 }, (_, at) => bytes.readInt32BE(at * 4))
}

/** Returns one of the eight 32-bit words of a digest. */
export function wordOfDigest(digest: string, at: number): number {
  const start = at * 4
  return (
    (digest.charCodeAt(start) << 24) |
    (digest.charCodeAt(start + 1) << 16) |
    (digest.charCodeAt(start + 2) << 8) |
    digest.charCodeAt(start + 3)
  )
}

/** Compares two digests of equal length in constant time. */
export function sameDigest(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i)
  return difference === 0
}

/**
 * Returns a keyed hash (HMAC-SHA256, 22 characters) of a value that must be comparable but not
 * readable.
 */
export function keyedHash(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url').slice(0, 22)
}

function sealingKey(secret: string, context: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, context, 'latchkey renewal 1', 32))
}

/** Encrypts `text` under `secret`: AES-256-GCM under HKDF of the secret, bound to `context`. */
export function seal(text: string, secret: string, context: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', sealingKey(secret, context), nonce)
  const body = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([body, cipher.getAuthTag()]).toString('base64url')
}

/**
 * Returns the text of a result of {@link seal}, or null for another secret, another context, or
 * changed data.
 */
export function unseal(sealed: string, secret: string, context: string): string | null {
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length < 28) return null
  const decipher = createDecipheriv(
    'aes-256-gcm',
    sealingKey(secret, context),
    bytes.subarray(0, 12),
  )
  decipher.setAuthTag(bytes.subarray(bytes.length - 16))
  try {
    return (
      decipher.update(bytes.subarray(12, bytes.length - 16), undefined, 'utf8') +
      decipher.final('utf8')
    )
  } catch {
    return null
  }
}
