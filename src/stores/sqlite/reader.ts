import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { LatchkeyError } from '../../core/errors.ts'
import { openReader } from './connection.ts'
import { prepare, type Scalar, type Statement } from './statement.ts'

/** Rows that a walk examines in one turn of the event loop: one to three milliseconds. */
const ROWS_PER_TURN = 2000

/** A table that is read in the order of its rows. */
export type Walked = 'sessions' | 'actors' | 'audit'

type Direction = 'newest-first' | 'oldest-first'

/**
 * Reads on the event loop: a look-up takes about ten microseconds, less than a message to another
 * thread.
 */
export interface Reader {
  prepare<Row extends readonly Scalar[]>(sql: string): Statement<Row>
  /**
   * Prepares a search without an index: a statement over the rows between two positions, run in
   * windows, so that it never blocks the event loop for long. Resolves with at most `limit` rows.
   * The statement's first two parameters are the window (`seq BETWEEN ? AND ?`), its last the
   * limit.
   */
  prepareWalk<Row extends readonly Scalar[]>(
    table: Walked,
    direction: Direction,
    sql: string,
  ): (start: number | null, limit: number, ...parameters: readonly Scalar[]) => Promise<Row[]>
  /** Runs reads on a separate connection, all on the same snapshot of the data. One at a time. */
  snapshot<T>(work: (reader: Pick<Reader, 'prepareWalk'>) => Promise<T>): Promise<T>
  close(): void
}

/**
 * Opens the data for reading. Its statements throw `unavailable` if they fail or the reader is
 * closed.
 */
export function createReader(file: string): Reader {
  const main = openReader(file)
  const open = new Set([main])
  let last: Promise<unknown> = Promise.resolve()

  function ensureOpen(db: DatabaseSync): void {
    if (!open.has(db)) throw new LatchkeyError('unavailable', 'The store is closed. Open it again.')
  }

  function guarded<Row extends readonly Scalar[]>(db: DatabaseSync, sql: string): Statement<Row> {
    const statement = prepare<Row>(db, sql)
    const guard = <T>(read: () => T): T => {
      ensureOpen(db)
      try {
        return read()
      } catch (cause) {
        throw new LatchkeyError('unavailable', 'The data could not be read. Check the disk.', {
          source: 'store',
          cause,
        })
      }
    }
    return {
      all: (...parameters) => guard(() => statement.all(...parameters)),
      get: (...parameters) => guard(() => statement.get(...parameters)),
      run: (...parameters) => guard(() => statement.run(...parameters)),
    }
  }

  const walker =
    (db: DatabaseSync): Reader['prepareWalk'] =>
    <Row extends readonly Scalar[]>(table: Walked, direction: Direction, sql: string) => {
      const newestFirst = direction === 'newest-first'
      const [compare, order] = newestFirst ? ['<', 'DESC'] : ['>', 'ASC']
      const findEdge = guarded<[number]>(
        db,
        `SELECT seq FROM ${table} WHERE seq ${compare} ? ORDER BY seq ${order}
         LIMIT 1 OFFSET ${ROWS_PER_TURN - 1}`,
      )
      const find = guarded<Row>(db, sql)
      const windowFrom = (from: number, edge: number | undefined): [number, number] =>
        newestFirst ? [edge ?? 0, from - 1] : [from + 1, edge ?? Number.MAX_SAFE_INTEGER]
      return async (start, limit, ...parameters) => {
        const rows: Row[] = []
        let from = start ?? (newestFirst ? Number.MAX_SAFE_INTEGER : 0)
        for (;;) {
          const edge = findEdge.get(from)?.[0]
          rows.push(...find.all(...windowFrom(from, edge), ...parameters, limit - rows.length))
          if (edge === undefined || rows.length >= limit) return rows
          from = edge
          await nextTurn()
        }
      }
    }

  async function alone<T>(work: (reader: Pick<Reader, 'prepareWalk'>) => Promise<T>): Promise<T> {
    ensureOpen(main)
    const db = openReader(file)
    open.add(db)
    try {
      db.exec('BEGIN')
      return await work({ prepareWalk: walker(db) })
    } finally {
      if (open.delete(db)) db.close()
    }
  }

  return {
    prepare: (sql) => guarded(main, sql),
    prepareWalk: walker(main),
    snapshot(work) {
      const result = last.then(() => alone(work))
      last = result.catch(() => {})
      return result
    },
    close() {
      for (const db of open) db.close()
      open.clear()
    },
  }
}
