import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { crc32 } from 'node:zlib'

/** What a token contains: the id of its row, and the secret whose hash the row has. */
export interface SessionToken {
  readonly id: string
  readonly secret: string
}

const LONGEST_TOKEN = 2048
const ENCODED = /^[\w-]+$/

/** A new secret: `size` random base64url characters, then the decimal CRC-32 of them, as AdonisJS's access tokens have it. */
export function createSecret(size: number): string {
  const seed = randomBytes(size).toString('base64url').slice(0, size)
  return seed + crc32(seed)
}

/** Whether a secret ends in the decimal CRC-32 of what comes before. */
export function hasChecksum(secret: string): boolean {
  for (let digits = 10; digits > 0; digits--) {
    if (digits >= secret.length) continue
    if (secret.slice(-digits) === String(crc32(secret.slice(0, -digits)))) return true
  }
  return false
}

/** SHA-256 of a secret in hexadecimal: what the table holds. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret)
}

/** Compares a stored hash with another in constant time. */
export function sameHash(stored: unknown, other: string): boolean {
  if (typeof stored !== 'string' || stored.length !== other.length) return false
  const [a, b] = [Buffer.from(stored), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** The text of a token: prefix, base64url of the id, a dot, base64url of the secret. */
export function formatToken(prefix: string, { id, secret }: SessionToken): string {
  return `${prefix}${encode(id)}.${encode(secret)}`
}

/** Reads a token's text. Null for whatever is not a token in its one canonical form. Looks at no checksum. */
export function parseToken(prefix: string, text: unknown): SessionToken | null {
  if (typeof text !== 'string' || text.length > LONGEST_TOKEN || !text.startsWith(prefix)) {
    return null
  }
  const [id, secret, ...rest] = text.slice(prefix.length).split('.').map(decode)
  return id && secret && rest.length === 0 ? { id, secret } : null
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64url')
}

function decode(encoded: string): string | null {
  if (!ENCODED.test(encoded)) return null
  const text = Buffer.from(encoded, 'base64url').toString()
  return encode(text) === encoded ? text : null
}
