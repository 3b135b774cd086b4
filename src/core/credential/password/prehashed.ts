import { createHash, createHmac } from 'node:crypto'
import { parseBcrypt, prehashedBcrypt, type ResolveBcrypt } from './bcrypt.ts'
import type { StoredHash } from './stored-hash.ts'

const PASSLIB_SHAPE =
  /^\$bcrypt-sha256\$(?:v=(2),t=2b,r=(\d{1,2})|2[ab],(\d{1,2}))\$([./A-Za-z0-9]{22})\$([./A-Za-z0-9]{31})$/

/**
 * Parses passlib's bcrypt over SHA-256, `$bcrypt-sha256$v=2,t=2b,r=12$salt$hash` or the older form
 * without a version.
 */
export function parsePasslibBcrypt(stored: string, resolve: ResolveBcrypt): StoredHash | null {
  const [, version, r2, r1, salt = '', tag] = PASSLIB_SHAPE.exec(stored) ?? []
  if (tag === undefined) return null
  const cost = (r2 ?? r1 ?? '').padStart(2, '0')
  const hash = parseBcrypt(`$2b$${cost}$${salt}${tag}`, resolve)
  return prehashedBcrypt(hash, (password) => {
    const digest = version === '2' ? createHmac('sha256', salt) : createHash('sha256')
    return digest.update(password).digest('base64')
  })
}

/** The characters that PHP's `trim` removes. */
const OUTER_SPACE = /^[ \t\n\r\0\v]+|(?<![ \t\n\r\0\v])[ \t\n\r\0\v]+$/g

/**
 * Parses the format of WordPress since 6.8, `$wp$2y$10$…`: bcrypt over an HMAC of the trimmed
 * password. Returns null for any other text. The hash of a password with outer white space is kept,
 * because WordPress also accepts the password without it.
 */
export function parseWordPress(stored: string, resolve: ResolveBcrypt): StoredHash | null {
  if (!stored.startsWith('$wp$')) return null
  const trim = (password: string) => password.replace(OUTER_SPACE, '')
  const hash = prehashedBcrypt(parseBcrypt(stored.slice(3), resolve), (password) =>
    createHmac('sha384', 'wp-sha384').update(trim(password)).digest('base64'),
  )
  return hash === null ? null : { ...hash, seesWhole: (password) => trim(password) === password }
}
