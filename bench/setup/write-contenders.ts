import { startContender } from '../harness/contender.ts'
import type { RunOptions } from '../harness/row.ts'

/** Callers at once, and the floor's writes in a transaction. */
export const CALLERS = 64

/** Who writes sessions in a file that has 100,000 already: the authority, and bare SQLite in transactions of 64. */
export function writeContenders(verb: 'create' | 'renew', { quick }: RunOptions) {
  const sessions = quick ? 2_000 : 100_000
  const options = { verb, sessions }
  return {
    latchkey: () =>
      startContender('latchkey-write', { ...options, actors: sessions / 10, callers: CALLERS }),
    'node:sqlite': () => startContender('bare-sqlite-write', { ...options, group: CALLERS }),
  }
}
