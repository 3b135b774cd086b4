import { createRequire } from 'node:module'
import type { ClientConfig } from 'pg'
import { LatchkeyError } from '../../core/errors.ts'

/** A notice of the server, with the fields that are used here. */
export interface Notice {
  /** `WARNING`, `NOTICE` and so on. */
  readonly severity?: string | undefined
  /** The function of the server that sent it; not translated. */
  readonly routine?: string | undefined
}

/** The result of a statement. */
export interface Result {
  /** The rows, by column name. */
  readonly rows: Record<string, unknown>[]
  /** What the server completed, such as `COMMIT`. */
  readonly command: string
}

/** One statement with its parameters. */
export interface Statement {
  /** The SQL. */
  readonly text: string
  /** The parameters `$1`, `$2` and so on. */
  readonly values?: unknown[]
  /** How columns are parsed. */
  readonly types?: { getTypeParser(oid: number, format?: string): (text: string) => unknown }
}

/** The part of a `Client` of `pg` that is used here. */
export interface Client {
  /** Runs a statement. */
  query(statement: Statement): Promise<Result>
  query(text: string, values?: unknown[]): Promise<Result>
  /** Adds a listener. */
  on(event: 'notice', listener: (notice: Notice) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** A client that is not part of a pool. */
export interface BusClient extends Client {
  readonly connection: { readonly stream: { destroy(): void } }
  connect(): Promise<unknown>
  end(): Promise<void>
  on(event: 'notice', listener: (notice: Notice) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'end', listener: () => void): unknown
  on(
    event: 'notification',
    listener: (message: { channel: string; payload?: string | undefined }) => void,
  ): unknown
}

/** A client of a pool: `release(true)` closes its connection. */
export interface PooledClient extends Client {
  /** The connection to the server. */
  readonly connection?: { readonly stream?: { destroy(): void } }
  /** Returns the client to its pool, or removes it. */
  release(destroy?: boolean): void
}

/** The part of a `Pool` of `pg` that is used here. */
export interface PostgresPool {
  /** Returns a client that no other call uses. */
  connect(): Promise<PooledClient>
  /** Closes every connection. */
  end(): Promise<void>
  /** Adds a listener for the loss of an idle connection. */
  on(event: 'error', listener: (error: Error) => void): unknown
  /** How its connections are made. */
  readonly options: object
}

/** The library `pg`. Throws `unavailable` where it is not installed. */
export function loadPg(): typeof import('pg') {
  const require = createRequire(import.meta.url)
  try {
    require.resolve('kysely')
    return require('pg')
  } catch (cause) {
    throw new LatchkeyError(
      'unavailable',
      'The store on PostgreSQL needs pg and kysely: install them.',
      { cause },
    )
  }
}

/** How a connection is made, as `pg` takes it. */
export interface ConnectionSettings {
  readonly connectionString: string
  readonly password?: string
  readonly ssl?: false | Readonly<Record<string, unknown>>
  readonly application_name: string
  readonly connectionTimeoutMillis: number
  readonly keepAlive: true
}

/**
 * Returns how to connect to a URL. TLS follows `sslmode` as libpq does. Without `sslmode` a connection within this machine is not encrypted;
 * any other URL is refused with `invalid_request`, so that no password is sent unencrypted by mistake. No error contains the URL.
 */
export function connectionSettings(
  url: string,
  options: { readonly password?: string; readonly name: string; readonly timeoutMs: number },
): ConnectionSettings {
  if (!URL.canParse(url) || !/^postgres(?:ql)?:$/.test(new URL(url).protocol)) {
    throw wrong('The database must be a URL such as postgres://user@host:5432/name.')
  }
  const target = new URL(url)
  const mode = target.searchParams.get('sslmode')
  if (mode === null && !isLocal(target)) {
    throw wrong(
      'The URL of a database on another machine needs sslmode: add ?sslmode=verify-full, or ?sslmode=disable on a network that you trust.',
    )
  }
  if (mode !== null && !SSL_MODES.includes(mode)) {
    throw wrong(`sslmode must be one of ${SSL_MODES.join(', ')}.`)
  }
  if (mode === 'verify-ca' && !target.searchParams.has('sslrootcert')) {
    throw wrong('sslmode=verify-ca needs sslrootcert, the file of the certificate authority.')
  }
  // `pg` gives sslmode the meaning that it has in libpq only on request.
  if (mode !== null) target.searchParams.set('uselibpqcompat', 'true')
  return {
    connectionString: target.href,
    ...(options.password === undefined ? {} : { password: options.password }),
    application_name: options.name,
    connectionTimeoutMillis: options.timeoutMs,
    keepAlive: true,
  }
}

const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full']

function isLocal({ hostname, searchParams }: URL): boolean {
  const host = decodeURIComponent(searchParams.get('host') ?? hostname)
  return (
    host === '' || host.startsWith('/') || /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/.test(host)
  )
}

function wrong(message: string): LatchkeyError {
  return new LatchkeyError('invalid_request', message)
}

/** Opens a pool. Nothing is connected yet. */
export function openPool(settings: ConnectionSettings, max: number): PostgresPool {
  const { Pool } = loadPg()
  return new Pool({ ...settings, max, pipeline: true, idleTimeoutMillis: 30_000 })
}

/** Makes a client for notifications that is not part of a pool. It is not connected yet. */
export function createBusClient(settings: ClientConfig): BusClient {
  const { Client } = loadPg()
  const config = { ...settings, application_name: 'latchkey-listen' }
  // The options of a pool hide their password from copies.
  const { password } = settings
  return new Client(password === undefined ? config : { ...config, password })
}
