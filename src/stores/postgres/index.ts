import { hostname } from 'node:os'
import type { Store } from '../../core/ports/index.ts'
import { systemClock } from '../kit/clock.ts'
import { createAudit } from './audit.ts'
import { type BusNode, createBusNodes } from './bus-nodes.ts'
import type { PostgresChannel } from './channel.ts'
import { createCounters } from './counters.ts'
import { type Database, openDatabase } from './database.ts'
import { createDirectory } from './directory.ts'
import { createDocuments } from './documents.ts'
import { type Durability, readDurability } from './durability.ts'
import { joinBus } from './join-bus.ts'
import { createMailboxes } from './mailboxes.ts'
import { openSchema } from './migrations.ts'
import { listenSettings, openOwnPool, type PostgresOptions } from './options.ts'
import { createRecentEndings } from './recent-endings.ts'
import { createSessionData } from './session-data.ts'
import { createSessionStore } from './sessions.ts'

export type { BusNode } from './bus-nodes.ts'
export type {
  Client,
  Notice,
  PooledClient,
  PostgresPool,
  Result,
  Statement,
} from './connection.ts'
export type { Durability } from './durability.ts'
export {
  type ImportedRow,
  type ImportedTable,
  importTables,
  type TableImport,
} from './import-tables.ts'
export { inspectPostgres, type PostgresInspection } from './inspect.ts'
export type { SchemaState } from './migrations.ts'
export type { PostgresOptions } from './options.ts'

/** A store in a PostgreSQL database. */
export interface PostgresStore extends Store {
  /** Returns what an acknowledged write survives now. */
  readDurability(): Promise<Durability>
  /** Returns the nodes that use the database. */
  listNodes(): Promise<readonly BusNode[]>
}

/**
 * Opens a store in a PostgreSQL database, version 15 or later, migrates its tables, and joins the nodes that use it. Needs `pg` and `kysely`.
 * Rejects with `unavailable` if the database cannot be used or was migrated by a later release, with `conflict` if a node of a release that cannot
 * run beside this one is live, and with `invalid_request` for a wrong URL.
 */
export async function postgres(options: PostgresOptions): Promise<PostgresStore> {
  const { schema = 'latchkey', deadlineMs = 3000, leaseMs = 1000 } = options
  const machine = options.clock ?? systemClock()
  const pool = options.pool ?? openOwnPool(options, deadlineMs)
  const common = {
    ...{ pool, schema, deadlineMs },
    maxWaiting: options.maxWaiting ?? 10_000,
    monotonic: machine.monotonic,
  }
  // For heartbeats, and for what is written after a failover: reaches whatever server there is.
  const anyServer = openDatabase({ ...common, ownsPool: false })
  let channel: PostgresChannel | null = null
  const database = openDatabase({
    ...common,
    ownsPool: options.pool === undefined,
    expectedServer: () => channel?.server ?? null,
    onOtherServer: () => channel?.distrust(),
  })
  const self = { name: options.node ?? hostname(), release: options.release ?? '' }
  const nodes = createBusNodes(anyServer, self)
  const close = async () => {
    await anyServer.close()
    await database.close()
  }
  try {
    await database.raw((client) => openSchema(client, schema))
    const joined = await joinBus({
      endings: createRecentEndings({
        ...portsOf(anyServer, options),
        monotonic: machine.monotonic,
      }),
      ...{ database: anyServer, nodes, machine, deadlineMs, leaseMs },
      settings: listenSettings(options, pool, deadlineMs),
      trustMs: Math.max(leaseMs, options.boundMs ?? 0),
      onError: options.onError ?? (() => {}),
    })
    channel = joined.channel
    const leave = async () => {
      try {
        await joined.leave()
      } finally {
        await close()
      }
    }
    let closing: Promise<void> | null = null
    return {
      name: 'postgres',
      ...portsOf(database, options),
      bus: joined.bus,
      clock: options.clock ?? joined.clock,
      readDurability: () => database.raw(readDurability),
      listNodes: () => nodes.list(),
      close() {
        closing ??= leave()
        return closing
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

function portsOf(database: Database, { maxCounterKeys = 1_000_000 }: PostgresOptions) {
  return {
    directory: createDirectory(database),
    sessions: createSessionStore(database),
    data: createSessionData(database),
    counters: createCounters(database, maxCounterKeys),
    documents: createDocuments(database),
    audit: createAudit(database),
    mailboxes: createMailboxes(database),
  }
}
