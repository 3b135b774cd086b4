import { hostname } from 'node:os'
import type { Store } from '../../core/ports/index.ts'
import { systemClock } from '../kit/clock.ts'
import { createAudit } from './audit.ts'
import { type BusNode, createBusNodes } from './bus-nodes.ts'
import { createCounters } from './counters.ts'
import { type Database, openDatabase } from './database.ts'
import { createDirectory } from './directory.ts'
import { createDocuments } from './documents.ts'
import { type Durability, readDurability } from './durability.ts'
import { joinBus } from './join-bus.ts'
import { createMailboxes } from './mailboxes.ts'
import { migrate } from './migrations.ts'
import { listenSettings, openOwnPool, type PostgresOptions } from './options.ts'
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
  const database = openDatabase({
    pool,
    ownsPool: options.pool === undefined,
    schema,
    deadlineMs,
    maxWaiting: options.maxWaiting ?? 10_000,
    monotonic: machine.monotonic,
  })
  const self = { name: options.node ?? hostname(), release: options.release ?? '' }
  const nodes = createBusNodes(database, self)
  try {
    await database.raw((client) => migrate(client, schema))
    const { bus, clock, leave } = await joinBus({
      ...{ database, nodes, machine, deadlineMs, leaseMs },
      settings: listenSettings(options, pool, deadlineMs),
      trustMs: Math.max(leaseMs, options.boundMs ?? 0),
      onError: options.onError ?? (() => {}),
    })
    let closing: Promise<void> | null = null
    return {
      name: 'postgres',
      ...portsOf(database, options),
      bus,
      clock: options.clock ?? clock,
      readDurability: () => database.raw(readDurability),
      listNodes: () => nodes.list(),
      close() {
        closing ??= leave().finally(() => database.close())
        return closing
      },
    }
  } catch (error) {
    await database.close()
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
