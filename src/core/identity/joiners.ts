import { JOINS_LEFT, JOINS_RIGHT, VIRAMA } from './tables.ts'

// Joining_Type T: all marks, one letter of Adlam, and format characters, of which no other can be in a name.
const TRANSPARENT = '[\\p{Mn}\\p{Me}\\u{1e94b}]*'

let misplaced: RegExp | null = null

/**
 * Whether a zero-width joiner or non-joiner stands where it changes nothing that can be seen: where RFC 5892, appendices
 * A.1 and A.2, do not allow it.
 */
export function hasMisplacedJoiner(text: string): boolean {
  if (!/[\u200c\u200d]/.test(text)) return false
  misplaced ??= new RegExp(
    `(?<!${VIRAMA})(?:\\u200d|(?<!${JOINS_LEFT}${TRANSPARENT})\\u200c|\\u200c(?!${TRANSPARENT}${JOINS_RIGHT}))`,
    'u',
  )
  return misplaced.test(text)
}
