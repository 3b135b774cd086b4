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

/** Random characters of `[0-9A-Za-z]` from the CSPRNG, without modulo bias: 5.95 bits each. */
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

/** SHA-256 of a secret's characters, base64url (43 characters): what stores hold in its place. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'base64url')
}

/** The same SHA-256 as {@link hashSecret}, as 32 characters of one byte each: what a check compares. */
export function digestSecret(secret: string): string {
  return hash('sha256', secret, 'latin1')
}

/** The form that stores hold of what {@link digestSecret} gave. */
export function hashOfDigest(digest: string): string {
  return Buffer.from(digest, 'latin1').toString('base64url')
}

/** The eight 32-bit words of a stored hash. */
export function wordsOfHash(stored: string): Int32Array {
  const bytes = Buffer.from(stored, 'base64url')
  return Int32Array.from({ length: 8 }, (_, at) => bytes.readInt32BE(at * 4))
}

/** One of the eight 32-bit words of a digest. */
export function wordOfDigest(digest: string, at: number): number {
  const start = at * 4
  return (
    (digest.charCodeAt(start) << 24) |
    (digest.charCodeAt(start + 1) << 16) |
    (digest.charCodeAt(start + 2) << 8) |
    digest.charCodeAt(start + 3)
  )
}

/** Compares two digests of one length in constant time. */
export function sameDigest(a: string, b: string): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i)
  return difference === 0
}

/** A keyed hash (HMAC-SHA256, 22 characters) for what must be recognised again but not be read. */
export function keyedHash(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url').slice(0, 22)
}

function sealingKey(secret: string, context: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, context, 'latchkey renewal 1', 32))
}

/** Encrypts `text` so that only who has `secret` opens it: AES-256-GCM under HKDF of the secret, bound to `context`. */
export function seal(text: string, secret: string, context: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', sealingKey(secret, context), nonce)
  const body = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([body, cipher.getAuthTag()]).toString('base64url')
}

/** Opens what {@link seal} made, or null for another secret, another context, or anything changed. */
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
