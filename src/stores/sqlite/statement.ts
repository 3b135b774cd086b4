import type { DatabaseSync, SQLInputValue } from 'node:sqlite'

/** A value that SQLite stores. */
export type Scalar = string | number | null

/** A prepared statement whose rows are tuples. */
export interface Statement<Row extends readonly Scalar[]> {
  all(...parameters: readonly SQLInputValue[]): Row[]
  get(...parameters: readonly SQLInputValue[]): Row | undefined
  /** Returns how many rows it changed. */
  run(...parameters: readonly SQLInputValue[]): number
}

/**
 * Prepares a statement. The caller declares the type of its rows next to the column list; it is not
 * checked.
 */
export function prepare<Row extends readonly Scalar[] = readonly Scalar[]>(
  db: DatabaseSync,
  sql: string,
): Statement<Row> {
  const statement = db.prepare(sql)
  statement.setReturnArrays(true)
  return {
    all: (...parameters) => statement.all(...parameters) as unknown as Row[],
    get: (...parameters) => statement.get(...parameters) as unknown as Row | undefined,
    run: (...parameters) => Number(statement.run(...parameters).changes),
  }
}
