import { clearTimeout, setTimeout } from 'node:timers'
import { setTimeout as pause } from 'node:timers/promises'
import { Kysely, PostgresDialect } from 'kysely'
import { LatchkeyError } from '../../core/errors.ts'
import type { Notice, PooledClient, PostgresPool } from './connection.ts'
import { ROW_TYPES, toParameter } from './stored-text.ts'
import type { Tables } from './tables.ts'

/** Builds and runs statements on one connection. */
export type Statements = Kysely<Tables>

/** How a store runs statements. Every method rejects with `unavailable` at the deadline. */
export interface Database {
  readonly schema: string
  /** Runs reads. They are run again if the connection was closed meanwhile. */
  read<T>(work: (db: Statements) => Promise<T>): Promise<T>
  /** Runs one statement that writes, which is a transaction of its own. */
  write<T>(work: (db: Statements) => Promise<T>): Promise<T>
  /** Runs a transaction under READ COMMITTED. It is undone if `work` rejects. */
  transaction<T>(work: (db: Statements) => Promise<T>): Promise<T>
  /** Runs statements without the builder, each a transaction of its own. */
  raw<T>(work: (client: PooledClient) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface DatabaseOptions {
  readonly pool: PostgresPool
  readonly schema: string
  /** After this long a call rejects, and its connection is closed. */
  readonly deadlineMs: number
  /** More calls than this that wait for a connection are refused as `busy`. */
  readonly maxWaiting: number
  /** Whether `close` ends the pool. */
  readonly ownsPool: boolean
  readonly monotonic: () => number
}

/** Makes a transaction return a value and undo its writes. */
export class Undo<T> {
  readonly value: T

  constructor(value: T) {
    this.value = value
  }
}

/** `serialization_failure`, `deadlock_detected`: the server has undone the transaction, so it can run again. */
const RETRIED = new Set(['40001', '40P01'])

/** Opens a database over a pool. */
export function openDatabase(options: DatabaseOptions): Database {
  return new PostgresDatabase(options)
}

/** The pools whose lost connections are ignored here. */
const watched = new WeakSet<PostgresPool>()

type Run<T> = (connection: Connection) => Promise<T>

class PostgresDatabase implements Database {
  readonly schema: string
  readonly #options: DatabaseOptions
  readonly #begin: string
  #waiting = 0
  #running = 0
  #closing: Promise<void> | null = null
  #idle: (() => void) | null = null

  constructor(options: DatabaseOptions) {
    this.#options = options
    this.schema = options.schema
    // The server ends a transaction whose client is silent, so that a stopped process does not keep an owner's lock.
    this.#begin = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = ${options.deadlineMs * 2}; SET LOCAL lock_timeout = ${options.deadlineMs}`
    // Without a listener the loss of an idle connection would end the process.
    if (!watched.has(options.pool)) {
      watched.add(options.pool)
      options.pool.on('error', () => {})
    }
  }

  read<T>(work: (db: Statements) => Promise<T>): Promise<T> {
    return this.#attempt((connection) => work(builderOf(connection, this.schema)), {
      retriesLost: true,
    })
  }

  write<T>(work: (db: Statements) => Promise<T>): Promise<T> {
    return this.#attempt((connection) => work(builderOf(connection, this.schema)))
  }

  raw<T>(work: (client: PooledClient) => Promise<T>): Promise<T> {
    return this.#attempt(({ client }) => work(client))
  }

  transaction<T>(work: (db: Statements) => Promise<T>): Promise<T> {
    return this.#attempt(async (connection) => {
      const { client } = connection
      // Not awaited: it is sent together with the first statement.
      const begun = client.query(this.#begin)
      begun.catch(() => {})
      try {
        const result = await work(builderOf(connection, this.schema))
        await begun
        const { command } = await client.query('COMMIT')
        if (command !== 'COMMIT') throw new Error('The transaction was undone.')
        return result
      } catch (error) {
        await begun
        await client.query('ROLLBACK').catch((cause: Error) => {
          // Without a code of the server, so that the connection is closed.
          throw new Error('The transaction could not be undone.', { cause })
        })
        if (error instanceof Undo) return error.value
        throw error
      }
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
    if (this.#options.ownsPool) await this.#options.pool.end()
  }

  async #attempt<T>(run: Run<T>, { retriesLost = false } = {}): Promise<T> {
    if (this.#closing !== null) {
      throw new LatchkeyError('unavailable', 'The store is closed. Open it again.')
    }
    const deadline = this.#options.monotonic() + this.#options.deadlineMs
    let lost = 0
    this.#running++
    try {
      for (;;) {
        try {
          return await this.#once(run, deadline)
        } catch (error) {
          const again = RETRIED.has(codeOf(error)) || (retriesLost && isLost(error) && lost++ < 2)
          if (!again || this.#options.monotonic() >= deadline) throw rejection(error)
          await pause(Math.random() * 30)
        }
      }
    } finally {
      this.#running--
      if (this.#running === 0) this.#idle?.()
    }
  }

  async #once<T>(run: Run<T>, deadline: number): Promise<T> {
    const client = await this.#connect(deadline)
    const connection = connectionOf(client)
    const before = connection.uncertain
    // A builder may throw before there is a promise.
    const running = (async () => run(connection))()
    try {
      const result = await this.#before(deadline, running)
      if (connection.uncertain !== before) throw uncertain()
      release(client, false)
      return result
    } catch (error) {
      running.catch(() => {})
      // A statement that the server refused leaves the connection usable; anything else may still run on it.
      release(client, codeOf(error) === '' && !(error instanceof LatchkeyError))
      throw error
    }
  }

  async #connect(deadline: number): Promise<PooledClient> {
    if (this.#waiting >= this.#options.maxWaiting) {
      throw new LatchkeyError('busy', 'Too many calls wait for the database. Try again later.')
    }
    this.#waiting++
    const connecting = this.#options.pool.connect()
    try {
      return await this.#before(deadline, connecting)
    } catch (error) {
      connecting.then(
        (client) => client.release(),
        () => {},
      )
      throw error
    } finally {
      this.#waiting--
    }
  }

  async #before<T>(deadline: number, promise: Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>()
    const left = Math.max(1, deadline - this.#options.monotonic())
    const timer = setTimeout(() => late.reject(new DeadlineError()), left)
    try {
      return await Promise.race([promise, late.promise])
    } finally {
      clearTimeout(timer)
    }
  }
}

class DeadlineError extends Error {
  constructor() {
    super('The database did not answer in time.')
  }
}

interface Connection {
  readonly client: PooledClient
  /** How many commits were not confirmed by the standbys. */
  uncertain: number
  /** The builders by schema. */
  readonly builders: Map<string, Statements>
}

const connections = new WeakMap<PooledClient, Connection>()

function connectionOf(client: PooledClient): Connection {
  const found = connections.get(client)
  if (found !== undefined) return found
  const connection: Connection = { client, uncertain: 0, builders: new Map() }
  connections.set(client, connection)
  client.on('notice', ({ severity, routine }: Notice) => {
    // A commit whose wait for the standbys was cancelled reports success, with a warning.
    if (severity === 'WARNING' && routine === 'SyncRepWaitForLSN') connection.uncertain++
  })
  // A connection that breaks while it is used also rejects its statement.
  client.on('error', () => {})
  return connection
}

function builderOf({ client, builders }: Connection, schema: string): Statements {
  let builder = builders.get(schema)
  if (builder === undefined) {
    builder = makeBuilder(client).withSchema(schema)
    builders.set(schema, builder)
  }
  return builder
}

function makeBuilder(client: PooledClient): Statements {
  const query = (text: string, values: readonly unknown[]) =>
    client.query({ text, values: values.map(toParameter), types: ROW_TYPES })
  const pool = {
    connect: async () => ({ query, release: () => {} }) as never,
    end: async () => {},
    options: {},
  }
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
}

function release(client: PooledClient, destroy: boolean): void {
  // A statement may still run: the server would be waited for.
  if (destroy) client.connection?.stream?.destroy()
  client.release(destroy)
}

/** The SQLSTATE of an error, or an empty text. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : ''
}

/** Whether the connection was closed: by the server (class 57P), or without a word. */
function isLost(error: unknown): boolean {
  if (error instanceof LatchkeyError || error instanceof DeadlineError) return false
  const code = codeOf(error)
  return code === '' || code.startsWith('57P') || code.startsWith('08')
}

function uncertain(): LatchkeyError {
  return new LatchkeyError(
    'unavailable',
    'The database did not confirm that the write is on a standby. It may have taken place; try again.',
  )
}

function rejection(error: unknown): LatchkeyError {
  if (error instanceof LatchkeyError) return error
  return new LatchkeyError('unavailable', 'The database could not be used. Try again later.', {
    retryAfterMs: 1000,
    cause: error,
  })
}
