import { createHash, hash as digestOf } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { decodeBase64 } from './encoding.ts'
import type { StoredHash } from './stored-hash.ts'

const PHPASS_SHAPE = /^\$[PH]\$([./0-9A-Za-z])([./0-9A-Za-z]{8})([./0-9A-Za-z]{22})$/
const PHPASS_DIGITS = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** Base-two logarithm of the rounds; WordPress and phpBB use 13 or less. */
const MAX_PHPASS_LOG = 16
/** Takes about a millisecond, and about ten for the longest password. */
const ROUNDS_AT_A_TIME = 1024

const LDAP_DIGESTS = new Map([
  ['MD5', ['md5', 16]],
  ['SHA', ['sha1', 20]],
  ['SHA256', ['sha256', 32]],
  ['SHA384', ['sha384', 48]],
  ['SHA512', ['sha512', 64]],
] as const)

/**
 * Parses hashes that are fast to guess: phpass with MD5 (`$P$`, `$H$`: WordPress, phpBB), digests
 * of LDAP (`{SSHA}`, `{SHA}`, `{SMD5}`, …) and Spring's plain text (`{noop}`). Returns null for any
 * other text.
 */
export function parseWeak(stored: string): StoredHash | null {
  if (stored.startsWith('{noop}')) {
    return plain(stored.slice('{noop}'.length))
  }
  return parsePhpass(stored) ?? parseLdapDigest(stored)
}

function plain(text: string): StoredHash {
  const sha256 = (value: string) => createHash('sha256').update(value).digest()
  return {
    expected: sha256(text),
    work: 'digest',
    derive: async (password) => sha256(password),
  }
}

function parsePhpass(stored: string): StoredHash | null {
  const [, count = '', salt = '', tag = ''] = PHPASS_SHAPE.exec(stored) ?? []
  const log = PHPASS_DIGITS.indexOf(count)
  if (count === '' || log > MAX_PHPASS_LOG) return null
  return {
    expected: Buffer.from(tag),
    work: `phpass ${log}`,
    async derive(password) {
      const text = Buffer.from(password)
      let digest = digestOf('md5', Buffer.concat([Buffer.from(salt), text]), 'buffer')
      for (let round = 1; round <= 2 ** log; round++) {
        digest = digestOf('md5', Buffer.concat([digest, text]), 'buffer')
        if (round % ROUNDS_AT_A_TIME === 0) await setImmediate()
      }
      return Buffer.from(encodePhpass(digest))
    },
  }
}

/** Encodes phpass's base64: the lowest six bits of each three bytes first. */
function encodePhpass(bytes: Buffer): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const part = bytes.subarray(at, at + 3)
    const value = part.reduce((sum, byte, place) => sum + byte * 2 ** (8 * place), 0)
    for (let digit = 0; digit <= part.length; digit++) {
      text += PHPASS_DIGITS[Math.floor(value / 64 ** digit) % 64]
    }
  }
  return text
}

function parseLdapDigest(stored: string): StoredHash | null {
  const [, salted, name = '', text = ''] =
    /^\{(S?)(MD5|SHA(?:256|384|512)?)\}([^{}]+)$/i.exec(stored) ?? []
  const entry = [...LDAP_DIGESTS].find(([each]) => each === name.toUpperCase())?.[1]
  if (entry === undefined) return null
  const [digest, size] = entry
  const bytes = decodeBase64(text, size, size + (salted === '' ? 0 : 64))
  if (bytes === null) return null
  const [expected, salt] = [bytes.subarray(0, size), bytes.subarray(size)]
  return {
    expected,
    work: 'digest',
    derive: async (password) => createHash(digest).update(password).update(salt).digest(),
  }
}
