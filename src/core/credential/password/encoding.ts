/** The maximum length of a password before any processing, in UTF-16 code units. */
export const MAX_PASSWORD_UNITS = 4096

/**
 * Returns the NFC form of a password, or null if it is not valid text (a lone surrogate) or longer
 * than {@link MAX_PASSWORD_UNITS}.
 */
export function normalForm(password: string): string | null {
  // Normalising takes time quadratic in the length of a run of combining marks, on the event loop.
  if (password.length > MAX_PASSWORD_UNITS || !password.isWellFormed()) return null
  return password.normalize('NFC')
}

/**
 * Returns bytes from base64 with or without padding, with `.` allowed for `+` (passlib's ab64), or
 * null if malformed.
 */
export function decodeBase64(text: string, minBytes: number, maxBytes: number): Buffer | null {
  const [, digits = '', padding = ''] = /^([A-Za-z0-9+/.]+)(={0,2})$/.exec(text) ?? []
  if (digits.length % 4 === 1 || (padding !== '' && text.length % 4 !== 0)) return null
  const bytes = Buffer.from(digits.replaceAll('.', '+'), 'base64')
  return bytes.length >= minBytes && bytes.length <= maxBytes ? bytes : null
}

/** Returns standard base64 without padding, as in PHC strings. */
export function encodeBase64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

/** Returns bytes from hexadecimal digits, or null if malformed. */
export function decodeHex(text: unknown, minBytes: number, maxBytes: number): Buffer | null {
  if (typeof text !== 'string' || !/^(?:[0-9a-fA-F]{2})+$/.test(text)) return null
  const bytes = Buffer.from(text, 'hex')
  return bytes.length >= minBytes && bytes.length <= maxBytes ? bytes : null
}

/** Returns a positive decimal number of at most ten digits without leading zeros, or null. */
export function decodeCount(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d{0,9}$/.test(text) ? Number(text) : null
}

/** Returns a value that is an object, or the object in a JSON text, or null for anything else. */
export function parseObject(value: unknown): Record<string, unknown> | null {
  if (typeof value === 'string') {
    if (!value.startsWith('{')) return null
    try {
      return parseObject(JSON.parse(value))
    } catch {
      return null
    }
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
}
