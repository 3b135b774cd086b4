import { createRequire } from 'node:module'
import { MAX_PASSWORD_UNITS } from './encoding.ts'

export interface PasswordPolicy {
  /** In code points of the NFC form; 8 by default. */
  readonly minLength?: number
  /** In code points of the NFC form; 1,024 by default. */
  readonly maxLength?: number
  /**
   * Whether to refuse the most common passwords (of 8 characters or more) and variants of
   * "latchkey"; true by default.
   */
  readonly blocklist?: boolean
  /**
   * The actor's names and e-mail addresses; the part of an address before the `@` is checked too.
   */
  readonly contextWords?: readonly string[]
}

const MIN_LISTED_LENGTH = 8
const MIN_CONTEXT_LENGTH = 4
const MAX_CONTEXT_AFFIX = 4
const HOUSE_WORD = 'latchkey'

/**
 * Returns why a new password is refused, as a sentence for the user, or null if it is accepted.
 * Checks length, the block list and similarity to the actor's own names; there are no composition
 * rules (NIST SP 800-63B, section 5.1.1.2).
 */
export function checkPassword(password: string, policy: PasswordPolicy = {}): string | null {
  const { minLength = 8, maxLength = 1024, blocklist = true, contextWords = [] } = policy
  if (!password.isWellFormed()) return 'The password is not valid text.'
  const tooLong = `The password must have at most ${maxLength} characters.`
  if (password.length > MAX_PASSWORD_UNITS) return tooLong
  const text = password.normalize('NFC')
  const length = [...text].length
  if (length > maxLength) return tooLong
  if (length < minLength) return `The password must have at least ${minLength} characters.`
  const folded = fold(text)
  if (blocklist && commonPasswords().has(folded)) {
    return 'The password is one of the most common ones; choose another.'
  }
  const words = blocklist ? [...contextWords, HOUSE_WORD] : contextWords
  if (words.flatMap(variants).some((word) => isBarely(folded, word))) {
    return 'The password is too similar to a name; choose another.'
  }
  return null
}

let common: ReadonlySet<string> | null = null

/** Loaded once, at the first use: unpacking the dictionary takes about 20 ms. */
function commonPasswords(): ReadonlySet<string> {
  if (common === null) {
    const load = createRequire(import.meta.url)
    const { dictionary }: typeof import('@zxcvbn-ts/language-common') = load(
      '@zxcvbn-ts/language-common',
    )
    const listed = dictionary['passwords-common'].filter((word) => word.length >= MIN_LISTED_LENGTH)
    common = new Set(listed.map(fold))
  }
  return common
}

function fold(text: string): string {
  return text.normalize('NFC').toLowerCase()
}

/** Returns a name, its parts and the joined parts; for an address also the part before the `@`. */
function variants(contextWord: string): string[] {
  const whole = fold(contextWord).trim()
  const parts = whole.split(/\s+/)
  const local = whole.includes('@') ? [whole.slice(0, whole.indexOf('@'))] : []
  return [whole, ...parts, parts.join(''), ...local].filter(
    (word) => [...word].length >= MIN_CONTEXT_LENGTH,
  )
}

/** Returns whether a password is only a word with a few digits, signs or spaces around it. */
function isBarely(folded: string, word: string): boolean {
  for (let at = folded.indexOf(word); at !== -1; at = folded.indexOf(word, at + 1)) {
    const rest = folded.slice(0, at) + folded.slice(at + word.length)
    if ([...rest].length <= MAX_CONTEXT_AFFIX && /^[\p{N}\p{P}\p{S}\s]*$/u.test(rest)) return true
  }
  return false
}
