import { decodeBase64, decodeHex } from './encoding.ts'
import { pbkdf2Hash } from './pbkdf2.ts'
import { scryptHash } from './scrypt.ts'
import { LIMITS, type StoredHash } from './stored-hash.ts'

const SHAPE = /^\{([A-Za-z0-9@_-]{1,40})\}(.+)$/

/** Names that add nothing to the format that follows them. */
const TRANSPARENT = /^(?:bcrypt|blf-crypt|crypt|argon2(?:i|id)?)$/

/**
 * Parses a hash behind a name in braces, as written by Spring Security (`{bcrypt}`, `{pbkdf2}`,
 * `{scrypt}`, `{argon2}`, with or without `@SpringSecurity_v5_8`), LDAP and Dovecot (`{CRYPT}`,
 * `{BLF-CRYPT}`, `{ARGON2}`, `{PBKDF2-SHA256}`) and Atlassian (`{PKCS5S2}`). Returns null for any
 * other text. `parse` parses the text after the braces.
 */
export function parseBraced(
  stored: string,
  parse: (stored: string) => StoredHash | null,
): StoredHash | null {
  const [, label = '', rest = ''] = SHAPE.exec(stored) ?? []
  const [name = '', version] = label.toLowerCase().split('@')
  if (version !== undefined && version !== 'springsecurity_v5_8') return null
  if (TRANSPARENT.test(name)) return rest.startsWith('$') ? parse(rest) : null
  if (name === 'scrypt') return parseSpringScrypt(rest)
  if (name === 'pkcs5s2') return parseAtlassian(rest)
  if (/^pbkdf2(?:-sha\d+)?$/.test(name) && rest.includes('$')) return parse(`$${name}$${rest}`)
  if (name !== 'pbkdf2') return null
  return version === undefined
    ? parseSpringPbkdf2(rest, { digest: 'sha1', iterations: 185_000, saltBytes: 8 })
    : parseSpringPbkdf2(rest, { digest: 'sha256', iterations: 310_000, saltBytes: 16 })
}

/** `$e0801$salt$hash`: log2 N, r and p in one hexadecimal number. */
function parseSpringScrypt(text: string): StoredHash | null {
  const [, packed = '', saltText = '', tagText = ''] =
    /^\$([0-9a-f]{5,6})\$([^$]+)\$([^$]+)$/.exec(text) ?? []
  const numbers = Number.parseInt(packed, 16)
  const salt = decodeBase64(saltText, 8, LIMITS.saltBytes)
  const expected = decodeBase64(tagText, LIMITS.minTagBytes, LIMITS.maxTagBytes)
  if (salt === null || expected === null) return null
  return scryptHash({
    cost: 2 ** (numbers >> 16),
    blockSize: (numbers >> 8) & 0xff,
    parallelization: numbers & 0xff,
    salt,
    expected,
  })
}

/** Salt and hash in one hexadecimal number. */
function parseSpringPbkdf2(
  text: string,
  { digest, iterations, saltBytes }: { digest: string; iterations: number; saltBytes: number },
): StoredHash | null {
  const bytes = decodeHex(text, saltBytes + 32, saltBytes + 32)
  if (bytes === null) return null
  const [salt, expected] = [bytes.subarray(0, saltBytes), bytes.subarray(saltBytes)]
  return pbkdf2Hash({ digest, iterations, salt, expected })
}

/** Salt and hash in one base64 text. */
function parseAtlassian(text: string): StoredHash | null {
  const bytes = decodeBase64(text, 48, 48)
  if (bytes === null) return null
  const [salt, expected] = [bytes.subarray(0, 16), bytes.subarray(16)]
  return pbkdf2Hash({ digest: 'sha1', iterations: 10_000, salt, expected })
}
