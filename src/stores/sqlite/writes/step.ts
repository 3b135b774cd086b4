import type { DatabaseSync } from 'node:sqlite'
import { prepare, type Scalar } from '../statement.ts'

/** The rows that one step of a walk examines: about a millisecond, for which other writes wait. */
const ROWS_PER_STEP = 2000

/** The maximum number of rows that one step removes. */
const REMOVALS_PER_STEP = 500

/** The result of one step of a walk, and where the next starts; null after the last row. */
export type Step = readonly [removed: number, next: number | null]

/**
 * Prepares one step of a walk over a table in row order, which passes the rows that meet a
 * condition to `remove`. A walk needs no index and never blocks other writes for long.
 */
export function prepareStep(db: DatabaseSync, table: 'sessions' | 'counters', condition: string) {
  const findBound = prepare<[number]>(
    db,
    `SELECT seq FROM ${table} WHERE seq > ? ORDER BY seq LIMIT 1 OFFSET ${ROWS_PER_STEP - 1}`,
  )
  const findRows = prepare<[number]>(
    db,
    `SELECT seq FROM ${table} WHERE seq > ? AND seq <= ? AND (${condition}) ORDER BY seq LIMIT ?`,
  )
  return (
    from: number,
    limit: number,
    parameters: readonly Scalar[],
    remove: (seq: number) => void,
  ): Step => {
    const bound = findBound.get(from)?.[0] ?? null
    const most = Math.min(limit, REMOVALS_PER_STEP)
    const rows = findRows.all(from, bound ?? Number.MAX_SAFE_INTEGER, ...parameters, most)
    for (const [seq] of rows) remove(seq)
    const last = rows.at(-1)
    return [rows.length, last !== undefined && rows.length === most ? last[0] : bound]
  }
}
