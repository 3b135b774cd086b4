import { LatchkeyError } from '../../core/errors.ts'
import type { Clock, Store } from '../../core/ports/index.ts'
import { systemClock } from '../kit/clock.ts'
import { soloBus } from '../kit/solo-bus.ts'
import { createAudit } from './audit.ts'
import { connectionSettings, openPool, type PostgresPool } from './connection.ts'
import { createCounters } from './counters.ts'
import { openDatabase } from './database.ts'
import { createDirectory } from './directory.ts'
import { createDocuments } from './documents.ts'
import { createMailboxes } from './mailboxes.ts'
import { migrate } from './migrations.ts'
import { createSessionData } from './session-data.ts'
import { createSessionStore } from './sessions.ts'

export type {
  Client,
  Notice,
  PooledClient,
  PostgresPool,
  Result,
  Statement,
} from './connection.ts'

/** Options of `postgres`. Either `url` or `pool` is needed. */
export interface PostgresOptions {
  /** `postgres://user@host:5432/name`. TLS follows `sslmode`, which a host on another machine needs. */
  readonly url?: string
  /** The password, where it is not part of the URL. */
  readonly password?: string
  /** A pool of the application, instead of a URL. `close` does not end it. */
  readonly pool?: PostgresPool
  /** The schema of the tables; `latchkey` by default. It is created if it is missing. */
  readonly schema?: string
  /** The largest number of connections; 10 by default. */
  readonly maxConnections?: number
  /** The largest number of calls that wait for a connection; more are refused as `busy`. 10,000 by default. */
  readonly maxWaiting?: number
  /** After this long a call rejects with `unavailable`, and its connection is closed; 3,000 by default. */
  readonly deadlineMs?: number
  /** The maximum number of counters; 1,000,000 by default. */
  readonly maxCounterKeys?: number
  /** The machine's clock by default. */
  readonly clock?: Clock
}

/**
 * Opens a store in a PostgreSQL database, version 15 or later, and migrates its tables. Needs `pg` and `kysely`. Rejects with `unavailable` if
 * the database cannot be used or was migrated by a later release, and with `invalid_request` for a wrong URL.
 */
export async function postgres(options: PostgresOptions): Promise<Store> {
  const { schema = 'latchkey', deadlineMs = 3000 } = options
  const clock = options.clock ?? systemClock()
  const database = openDatabase({
    pool: options.pool ?? poolOf(options, deadlineMs),
    ownsPool: options.pool === undefined,
    schema,
    deadlineMs,
    maxWaiting: options.maxWaiting ?? 10_000,
    monotonic: clock.monotonic,
  })
  try {
    await database.raw((client) => migrate(client, schema))
  } catch (error) {
    await database.close()
    throw error
  }
  return {
    name: 'postgres',
    directory: createDirectory(database),
    sessions: createSessionStore(database),
    data: createSessionData(database),
    counters: createCounters(database, options.maxCounterKeys ?? 1_000_000),
    documents: createDocuments(database),
    audit: createAudit(database),
    mailboxes: createMailboxes(database),
    bus: soloBus(),
    clock,
    close: () => database.close(),
  }
}

function poolOf(options: PostgresOptions, timeoutMs: number): PostgresPool {
  if (options.url === undefined) {
    throw new LatchkeyError('invalid_request', 'The store needs the URL of a database, or a pool.')
  }
  const settings = connectionSettings(options.url, {
    ...(options.password === undefined ? {} : { password: options.password }),
    name: 'latchkey',
    timeoutMs,
  })
  return openPool(settings, options.maxConnections ?? 10)
}
