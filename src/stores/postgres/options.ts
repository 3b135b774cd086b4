import type { ClientConfig } from 'pg'
import { LatchkeyError } from '../../core/errors.ts'
import type { Clock } from '../../core/ports/index.ts'
import { connectionSettings, openPool, type PostgresPool } from './connection.ts'

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

function settingsOf(url: string, { password }: PostgresOptions, timeoutMs: number) {
  const given = password === undefined ? {} : { password }
  return connectionSettings(url, { ...given, name: 'latchkey', timeoutMs })
}

/** Opens a pool for the URL of the options. Throws `invalid_request` without one. */
export function openOwnPool(options: PostgresOptions, timeoutMs: number): PostgresPool {
  if (options.url === undefined) {
    throw new LatchkeyError('invalid_request', 'The store needs the URL of a database, or a pool.')
  }
  return openPool(settingsOf(options.url, options, timeoutMs), options.maxConnections ?? 10)
}

/** Returns how the connection for notifications is made: as those of the pool, unless a URL is given. */
export function listenSettings(
  options: PostgresOptions,
  pool: PostgresPool,
  timeoutMs: number,
): ClientConfig {
  const url = options.listenUrl ?? (options.pool === undefined ? options.url : undefined)
  return url === undefined ? pool.options : settingsOf(url, options, timeoutMs)
}
