import { JOINS_LEFT, JOINS_RIGHT, VIRAMA } from './tables.ts'

// Joining_Type T: all marks, one letter of Adlam, and format characters, of which no other is
// allowed in a name.
const TRANSPARENT = '[\\p{Mn}\\p{Me}\\u{1e94b}]*'

let misplaced: RegExp | null = null

/**
 * Returns whether a text has a zero-width joiner or non-joiner without a visible effect: at a place
 * where RFC 5892, appendices A.1 and A.2, do not allow it.
 */
export function hasMisplacedJoiner(text: string): boolean {
  if (!/[\u200c\u200d]/.test(text)) return false
  misplaced ??= new RegExp(
    `(?<!${VIRAMA})(?:\\u200d|(?<!${JOINS_LEFT}${TRANSPARENT})\\u200c|\\u200c(?!${TRANSPARENT}${JOINS_RIGHT}))`,
    'u',
  )
  return misplaced.test(text)
}
