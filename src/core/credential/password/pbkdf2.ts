import { pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'
import { decodeBase64, decodeCount } from './encoding.ts'
import { LIMITS, type StoredHash } from './stored-hash.ts'

const derivePbkdf2 = promisify(pbkdf2)

/** The output size of each digest that is used with PBKDF2. */
const DIGEST_BYTES = new Map([
  ['md5', 16],
  ['sha1', 20],
  ['sha224', 28],
  ['sha256', 32],
  ['sha384', 48],
  ['sha512', 64],
])

export interface Pbkdf2Hash {
  readonly digest: string
  readonly iterations: number
  readonly salt: Buffer
  readonly expected: Buffer
}

/**
 * Returns a stored PBKDF2 hash (RFC 8018), or null if its digest is unknown or it costs too much.
 */
export function pbkdf2Hash({ digest, iterations, salt, expected }: Pbkdf2Hash): StoredHash | null {
  const digestBytes = DIGEST_BYTES.get(digest)
  if (digestBytes === undefined || !Number.isSafeInteger(iterations) || iterations < 1) return null
  const rounds = iterations * Math.ceil(expected.length / digestBytes)
  if (rounds > LIMITS.pbkdf2Rounds) return null
  return {
    expected,
    work: `pbkdf2 ${digest} ${rounds}`,
    derive: (password) => derivePbkdf2(password, salt, iterations, expected.length, digest),
  }
}

const PHC_SHAPE = /^\$pbkdf2(?:-(sha1|sha256|sha512))?\$([^$]+)\$([^$]+)\$([^$]+)$/
const DJANGO_SHAPE = /^pbkdf2_(sha1|sha256|sha512)\$(\d+)\$([^$]{1,128})\$([^$]+)$/

/**
 * Parses PBKDF2 as passlib writes it (`$pbkdf2-sha256$29000$salt$hash`, `$pbkdf2$` for SHA-1), as a
 * PHC string (`$pbkdf2-sha256$i=29000,l=32$salt$hash`) or as Django writes it
 * (`pbkdf2_sha256$29000$salt$hash`). Returns null for any other text.
 */
export function parsePbkdf2(stored: string): StoredHash | null {
  return parsePhc(stored) ?? parseDjango(stored)
}

function parsePhc(stored: string): StoredHash | null {
  const [, digest = 'sha1', parameters, saltText, tagText] = PHC_SHAPE.exec(stored) ?? []
  if (parameters === undefined || saltText === undefined || tagText === undefined) return null
  const [, named, length, bare] = /^(?:i=(\d+)(?:,l=(\d+))?|(\d+))$/.exec(parameters) ?? []
  const iterations = decodeCount(named ?? bare)
  const salt = decodeBase64(saltText, 1, LIMITS.saltBytes)
  const expected = decodeBase64(tagText, LIMITS.minTagBytes, LIMITS.maxTagBytes)
  if (iterations === null || salt === null || expected === null) return null
  if (length !== undefined && decodeCount(length) !== expected.length) return null
  return pbkdf2Hash({ digest, iterations, salt, expected })
}

function parseDjango(stored: string): StoredHash | null {
  const [, digest, count, salt, tagText] = DJANGO_SHAPE.exec(stored) ?? []
  if (digest === undefined || salt === undefined || tagText === undefined) return null
  const iterations = decodeCount(count)
  const expected = decodeBase64(tagText, LIMITS.minTagBytes, LIMITS.maxTagBytes)
  if (iterations === null || expected === null) return null
  return pbkdf2Hash({ digest, iterations, salt: Buffer.from(salt), expected })
}
