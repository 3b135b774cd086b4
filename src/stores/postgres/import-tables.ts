import { createHash, type Hash } from 'node:crypto'
import { sql } from 'kysely'
import { LatchkeyError } from '../../core/errors.ts'
import { systemClock } from '../kit/clock.ts'
import { type Database, openDatabase } from './database.ts'
import { migrate, quoted } from './migrations.ts'
import { openOwnPool, type PostgresOptions } from './options.ts'

/** The tables that a store is moved with, and the column of their order. */
const ORDER = {
  global_epoch: 'one',
  epochs: 'owner',
  sessions: 'seq',
  actors: 'seq',
  identities: 'identity',
  counters: 'key',
  documents: 'key',
  audit: 'seq',
  mailbox_events: 'seq',
} as const

/** A table that a store is moved with. */
export type ImportedTable = keyof typeof ORDER

/** A row by column. Every row of a table has the same columns. */
export type ImportedRow = Readonly<
  Record<string, string | number | boolean | null | readonly string[]>
>

/** The rows that one statement inserts: a statement has at most 65,535 parameters. */
const ROWS_PER_STATEMENT = 1000

/** Fills an empty database with the rows of another store. */
export interface TableImport {
  /** Inserts rows in their order, which is that of the table's key. Returns the numbers that they got, for tables that number them. */
  insert(table: ImportedTable, rows: Iterable<ImportedRow>): Promise<number[]>
  /** Compares every table with what was inserted, and makes the database usable. Rejects with `unavailable` if they differ. */
  finish(): Promise<Readonly<Record<string, number>>>
  /** Closes the connections. Without `finish` the database stays marked as incomplete. */
  close(): Promise<void>
}

/**
 * Begins to fill a database. It is marked as incomplete, so that no server starts on it, until the import is finished. An import that was
 * interrupted begins again. Rejects with `conflict` for a database that has data.
 */
export async function importTables(options: PostgresOptions): Promise<TableImport> {
  const { schema = 'latchkey', deadlineMs = 60_000 } = options
  const database = openDatabase({
    pool: options.pool ?? openOwnPool({ ...options, maxConnections: 2 }, deadlineMs),
    ownsPool: options.pool === undefined,
    ...{ schema, deadlineMs, maxWaiting: 100 },
    monotonic: systemClock().monotonic,
  })
  try {
    await begin(database)
  } catch (error) {
    await database.close()
    throw error
  }
  const inserted = new Map<ImportedTable, { count: number; hash: Hash; columns: string[] }>()

  async function insertSome(table: ImportedTable, rows: readonly ImportedRow[]): Promise<number[]> {
    return database.transaction(async (db) => {
      const query = db.insertInto(table).values(rows as never)
      if (ORDER[table] !== 'seq') {
        await query.execute()
        return []
      }
      const numbered = await query.returning(sql<number>`seq`.as('seq')).execute()
      return numbered.map(({ seq }) => seq)
    })
  }

  return {
    async insert(table, rows) {
      const entry = inserted.get(table) ?? { count: 0, hash: createHash('sha256'), columns: [] }
      inserted.set(table, entry)
      const numbers: number[] = []
      let batch: ImportedRow[] = []
      const flush = async () => {
        if (batch.length > 0) numbers.push(...(await insertSome(table, batch)))
        batch = []
      }
      for (const row of rows) {
        entry.columns = Object.keys(row)
        entry.count++
        entry.hash.update(JSON.stringify(Object.values(row)))
        batch.push(row)
        if (batch.length === ROWS_PER_STATEMENT) await flush()
      }
      await flush()
      return numbers
    },

    async finish() {
      const counts: Record<string, number> = {}
      for (const [table, { count, hash, columns }] of inserted) {
        const found = await read(database, table, columns)
        if (found.count !== count || found.digest !== hash.digest('hex')) {
          throw new LatchkeyError(
            'unavailable',
            `The table ${table} differs from its source after the copy. Move the data again.`,
          )
        }
        counts[table] = count
      }
      await database.raw((client) => client.query(`DROP TABLE ${mark(schema)}`))
      return counts
    },

    close: () => database.close(),
  }
}

const mark = (schema: string) => `${quoted(schema)}.move_incomplete`

async function begin(database: Database): Promise<void> {
  const { schema } = database
  await database.raw(async (client) => {
    const { rows } = await client.query('SELECT to_regclass($1) IS NOT NULL AS found', [
      mark(schema),
    ])
    const again = rows[0]?.['found'] === true
    if (again) await client.query(`DROP TABLE ${mark(schema)}`)
    await migrate(client, schema)
    const tables = Object.keys(ORDER).map((table) => `${quoted(schema)}.${table}`)
    if (!again) {
      const used = tables.slice(1).map((table) => `SELECT 1 FROM ${table}`)
      const found = await client.query(`${used.join(' UNION ALL ')} LIMIT 1`)
      if (found.rows.length > 0) {
        throw new LatchkeyError('conflict', 'The database has data. Move to an empty one.')
      }
    }
    await client.query(`CREATE TABLE ${mark(schema)} (at timestamptz NOT NULL DEFAULT now())`)
    await client.query(`TRUNCATE ${tables.join(', ')}`)
  })
}

/** Returns the number and the checksum of the rows of a table. */
async function read(database: Database, table: ImportedTable, columns: readonly string[]) {
  const hash = createHash('sha256')
  let count = 0
  let after: unknown = null
  for (;;) {
    const key = sql.ref(ORDER[table])
    const from = after
    const rows = await database.read((db) => {
      const all = db
        .selectFrom(table)
        .select([
          ...columns.map((column) => sql<unknown>`${sql.ref(column)}`.as(column)),
          sql<unknown>`${key}`.as('import_key'),
        ])
      const rest = from === null ? all : all.where(sql<boolean>`${key} > ${from}`)
      return rest.orderBy(key).limit(ROWS_PER_STATEMENT).execute()
    })
    for (const { import_key: position, ...row } of rows as Record<string, unknown>[]) {
      hash.update(JSON.stringify(columns.map((column) => row[column])))
      count++
      after = position
    }
    if (rows.length < ROWS_PER_STATEMENT) return { count, digest: hash.digest('hex') }
  }
}
