import { hostname } from 'node:os'
import type { ClientConfig } from 'pg'
import { LatchkeyError } from '../../core/errors.ts'
import type { Clock, Store } from '../../core/ports/index.ts'
import { systemClock } from '../kit/clock.ts'
import { createAudit } from './audit.ts'
import { type BusNode, createBusNodes } from './bus-nodes.ts'
import { connectionSettings, openPool, type PostgresPool } from './connection.ts'
import { createCounters } from './counters.ts'
import { type Database, openDatabase } from './database.ts'
import { createDirectory } from './directory.ts'
import { createDocuments } from './documents.ts'
import { type Durability, readDurability } from './durability.ts'
import { joinBus } from './join-bus.ts'
import { createMailboxes } from './mailboxes.ts'
import { migrate } from './migrations.ts'
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

/** Options of `postgres`. Either `url` or `pool` is needed. */
export interface PostgresOptions {
  /** `postgres://user@host:5432/name`. TLS follows `sslmode`, which a host on another machine needs. */
  readonly url?: string
  /** The password, where it is not part of the URL. */
  readonly password?: string
  /** A pool of the application, instead of a URL. `close` does not end it. */
  readonly pool?: PostgresPool
  /** The URL for notifications, where `url` or `pool` goes through a transaction pooler: it must reach the server itself. */
  readonly listenUrl?: string
  /** The schema of the tables; `latchkey` by default. It is created if it is missing. */
  readonly schema?: string
  /** The name of this node, for people; the name of the machine by default. */
  readonly node?: string
  /** The release of this node, for people. */
  readonly release?: string
  /** How long this node may trust its cache after a heartbeat that returned; 1,000 by default. */
  readonly leaseMs?: number
  /**
   * How long this node may answer from its cache while it does not receive the others, instead of the lease. Every revocation then waits so
   * long for a node that is silent. Strict by default: the lease.
   */
  readonly boundMs?: number
  /** The largest number of connections; 10 by default. */
  readonly maxConnections?: number
  /** The largest number of calls that wait for a connection; more are refused as `busy`. 10,000 by default. */
  readonly maxWaiting?: number
  /** After this long a call rejects with `unavailable`, and its connection is closed; 3,000 by default. */
  readonly deadlineMs?: number
  /** The maximum number of counters; 1,000,000 by default. */
  readonly maxCounterKeys?: number
  /** The time of the server by default. */
  readonly clock?: Clock
  /** Called with errors that no caller receives. */
  readonly onError?: (error: unknown) => void
}

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
  const pool = options.pool ?? poolOf(options, deadlineMs)
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

function settingsOf(url: string, { password }: PostgresOptions, timeoutMs: number) {
  const given = password === undefined ? {} : { password }
  return connectionSettings(url, { ...given, name: 'latchkey', timeoutMs })
}

function poolOf(options: PostgresOptions, timeoutMs: number): PostgresPool {
  if (options.url === undefined) {
    throw new LatchkeyError('invalid_request', 'The store needs the URL of a database, or a pool.')
  }
  return openPool(settingsOf(options.url, options, timeoutMs), options.maxConnections ?? 10)
}

/** How the connection for notifications is made: as those of the pool, unless a URL is given. */
function listenSettings(
  options: PostgresOptions,
  pool: PostgresPool,
  timeoutMs: number,
): ClientConfig {
  const url = options.listenUrl ?? (options.pool === undefined ? options.url : undefined)
  return url === undefined ? pool.options : settingsOf(url, options, timeoutMs)
}
