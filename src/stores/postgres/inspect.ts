import { systemClock } from '../kit/clock.ts'
import { type BusNode, createBusNodes } from './bus-nodes.ts'
import { openDatabase } from './database.ts'
import { type Durability, readDurability } from './durability.ts'
import { migrate, pendingSteps, readSchema, type SchemaState } from './migrations.ts'
import { openOwnPool, type PostgresOptions } from './options.ts'

/** A database of a store, without joining its nodes. */
export interface PostgresInspection {
  /** Returns the layout of the database, and the one that this release uses. */
  readSchema(): Promise<SchemaState>
  /** Returns the SQL of the steps that the database lacks. */
  listSteps(): Promise<readonly string[]>
  /** Migrates the database to the layout of this release. Returns the number of steps. */
  migrate(): Promise<number>
  /** Returns the nodes that use the database; none in an empty one. */
  listNodes(): Promise<readonly BusNode[]>
  /** Returns what an acknowledged write survives now. */
  readDurability(): Promise<Durability>
  /** Closes the connections. */
  close(): Promise<void>
}

/** Opens a database for an operator: its layout, its nodes. Nothing is changed until `migrate` is called. */
export function inspectPostgres(options: PostgresOptions): PostgresInspection {
  const { schema = 'latchkey', deadlineMs = 10_000 } = options
  const database = openDatabase({
    pool: options.pool ?? openOwnPool({ ...options, maxConnections: 2 }, deadlineMs),
    ownsPool: options.pool === undefined,
    schema,
    deadlineMs,
    maxWaiting: 100,
    monotonic: systemClock().monotonic,
  })
  const state = () => database.raw((client) => readSchema(client, schema))
  const nodes = createBusNodes(database, { name: '', release: '' })
  return {
    readSchema: state,
    async listSteps() {
      return pendingSteps(schema, (await state()).version)
    },
    migrate: () => database.raw((client) => migrate(client, schema)),
    async listNodes() {
      return (await state()).version === 0 ? [] : nodes.list()
    },
    readDurability: () => database.raw(readDurability),
    close: () => database.close(),
  }
}
