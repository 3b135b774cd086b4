import { type Canonical, MAX_IDENTITY_UNITS, refused } from './canonical.ts'
import { hasMisplacedJoiner } from './joiners.ts'
import { isHighlyRestrictive } from './scripts.ts'

/**
 * Longer texts are refused first: the time of normalising is quadratic in the length of a run of
 * combining marks.
 */
const MAX_TYPED_UNITS = 4 * MAX_IDENTITY_UNITS

// According to RFC 8265 (UsernameCaseMapped) full-width and half-width characters are folded, and
// no other compatibility characters.
const WIDE_OR_NARROW = /[\u3000\uff01-\uffee]+/g

const CONTROL = /[\p{Cc}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\ufffc\ufffd]/u
const INVISIBLE = /(?![\u200c\u200d])[\p{Cf}\p{Default_Ignorable_Code_Point}]/u
// Letters and symbols with a blank glyph: braille, a musical note head, the filler of Khitan,
// blanks of hieroglyphs.
const BLANK = /[\u2800\u{1d159}\u{16fe4}\u{13441}-\u{13446}]/u
// The usual form of two vowels of Thai and Lao; every other character with a compatibility form is
// refused.
const THAI_AND_LAO_AM = /[\u0e33\u0eb3]/g
const UNBASED_MARK = /(?:^| )[\p{M}\u200c\u200d]/u
// The combining dot over an i is invisible; the lower case of the Turkish capital contains it.
const DOT_ON_DOT = /(?<=\p{Soft_Dotted})\u0307/gu
const HIDDEN_DOT = /[\p{Soft_Dotted}\u0131\u0237]\p{Mn}*\u0307/u
// UTS 39, section 5.4.
const PILED_MARKS = /(\p{Mn})\1|\p{Mn}{5}/u

/**
 * Returns the form in which a name is compared and stored: full-width characters folded, in NFC and
 * lower case, trimmed, with single spaces (after RFC 8265). Refuses a name that is empty or longer
 * than 254 UTF-16 code units, that has an `@`, a control, invisible, blank or compatibility
 * character, a combining mark without a letter or too many of them, a joiner without a visible
 * effect (RFC 5892, A.1 and A.2), and one that mixes scripts beyond "highly restrictive" (UTS 39,
 * section 5.2).
 */
export function canonicalName(text: string): Canonical {
  if (text.length > MAX_TYPED_UNITS) return refused('is too long')
  const value = text
    .replace(WIDE_OR_NARROW, (run) => run.normalize('NFKC'))
    .normalize('NFC')
    .toLowerCase()
    .replace(DOT_ON_DOT, '')
    .normalize('NFC')
    .replace(/\p{Zs}+/gu, ' ')
    .trim()
  const reason = whyRefused(value)
  return reason === null ? { ok: true, value } : refused(reason)
}

function whyRefused(name: string): string | null {
  if (name === '') return 'is empty'
  if (name.length > MAX_IDENTITY_UNITS) return 'is too long'
  if (name.includes('@')) return 'has an @, which only an e-mail address has'
  if (CONTROL.test(name)) return 'has a character that is not text'
  if (hasInvisible(name)) return 'has an invisible character'
  if (hasCompatibilityForm(name)) return 'has a character that is another form of an ordinary one'
  if (UNBASED_MARK.test(name)) return 'has a combining mark without a letter'
  if (PILED_MARKS.test(name.normalize('NFD'))) return 'has too many combining marks on a letter'
  if (!isHighlyRestrictive(name)) return 'mixes letters of different scripts'
  return null
}

function hasInvisible(name: string): boolean {
  return (
    INVISIBLE.test(name) ||
    BLANK.test(name) ||
    HIDDEN_DOT.test(name.normalize('NFD')) ||
    hasMisplacedJoiner(name)
  )
}

function hasCompatibilityForm(name: string): boolean {
  const rest = name.replace(THAI_AND_LAO_AM, '')
  return rest.normalize('NFKC') !== rest.normalize('NFC')
}
