import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { AppFactory } from '@adonisjs/core/factories/app'
import { EmitterFactory } from '@adonisjs/core/factories/events'
import { HttpContextFactory } from '@adonisjs/core/factories/http'
import { LoggerFactory } from '@adonisjs/core/factories/logger'
import type { HttpContext } from '@adonisjs/core/http'
import { Database } from '@adonisjs/lucid/database'
import { BaseModel, column } from '@adonisjs/lucid/orm'
import { connectEmitter, type SessionCreated, type SessionEnded } from 'latchkey/adonis'

const url = process.env['DATABASE_URL']
const isChild = process.env['TEST_SCHEMA'] !== undefined
export const schema = process.env['TEST_SCHEMA'] ?? `t${randomBytes(8).toString('hex')}`
const folder = mkdtempSync(join(tmpdir(), 'latchkey-adonis-'))

export const sqliteFile = process.env['TEST_SQLITE_FILE'] ?? join(folder, 'db.sqlite')
export const dialect = url === undefined ? 'sqlite' : 'pg'

/** A connection whose transactions read from one snapshot by default. */
function snapshotConnection() {
  return {
    client: 'pg' as const,
    connection: { connectionString: url, options: '-c default_transaction_isolation=repeatable\\ read' },
    searchPath: [schema],
  }
}

/** The database of a test file: a new SQLite file, or a schema of its own in PostgreSQL. Child processes are given its name. */
function connectionOf() {
  if (url !== undefined) {
    return { client: 'pg' as const, connection: url, searchPath: [schema], debug: true }
  }
  return {
    client: 'better-sqlite3' as const,
    connection: { filename: sqliteFile },
    useNullAsDefault: true,
    debug: true,
    pool: {
      afterCreate(connection: { exec(sql: string): void }, done: (error: null, connection: unknown) => void) {
        connection.exec('pragma busy_timeout = 30000')
        done(null, connection)
      },
    },
  }
}

const app = new AppFactory().create(new URL('./', import.meta.url))
const emitter = new EmitterFactory().create(app)
export const db = new Database(
  { connection: 'main', connections: { main: connectionOf(), snapshot: snapshotConnection() } },
  new LoggerFactory().create(),
  emitter,
)
BaseModel.$adapter = db.modelAdapter()

const queries: string[] = []
emitter.on('db:query' as never, ({ sql }: { sql: string }) => {
  queries.push(sql)
})

/** The statements that some work sends to the database. */
export async function queriesOf(work: () => Promise<unknown>): Promise<string[]> {
  queries.length = 0
  await work()
  return queries.filter((sql) => !/^(BEGIN|COMMIT|SAVEPOINT|RELEASE)/i.test(sql))
}

export const events: ([name: 'session:created', SessionCreated] | [name: 'session:ended', SessionEnded])[] = []
connectEmitter({
  emit: async (name, data) => {
    events.push([name, data] as never)
  },
})

export class User extends BaseModel {
  static table = 'users'

  @column({ isPrimary: true })
  declare id: number

  @column()
  declare email: string
}

let users = 0

export async function createUser(): Promise<User> {
  users++
  return await User.create({ email: `${process.pid}-${users}@example.org` })
}

/** A context whose request has these headers. */
export function contextOf(headers: Record<string, string>): HttpContext {
  const ctx = new HttpContextFactory().create()
  Object.assign(ctx.request.request.headers, headers)
  return ctx
}

export function bearer(token: string): HttpContext {
  return contextOf({ authorization: `Bearer ${token}` })
}

export async function migrate(): Promise<void> {
  if (url !== undefined) await db.rawQuery(`create schema ${schema}`)
  await db.connection().schema.createTable('users', (table) => {
    table.increments('id')
    table.string('email').notNullable()
  })
  await createSessionsTable('sessions', 'increments')
}

/** The table that the published migration makes. */
export async function createSessionsTable(
  name: string,
  key: 'increments' | 'bigIncrements' | 'uuid' | 'string',
  owner = 'user_id',
): Promise<void> {
  await db.connection().schema.createTable(name, (table) => {
    if (key === 'increments' || key === 'bigIncrements') table[key]('id')
    else table[key]('id').primary()
    table.string('hash').notNullable().unique()
    table.integer(owner).unsigned().notNullable().references('users.id').onDelete('CASCADE').index()
    table.timestamp('created_at').notNullable()
    table.timestamp('updated_at').notNullable()
    table.timestamp('expires_at').nullable().index()
    table.timestamp('used_at').nullable()
  })
}

/** Closes the connections, and removes what this process has made. */
export async function close(): Promise<void> {
  // A pool that is closed while it opens a connection leaves that connection open, and the process with it.
  for (const { connection } of db.manager.connections.values()) {
    const { pool } = connection?.client?.client ?? {}
    while (pool !== undefined && pool.numPendingCreates() > 0) await setTimeout(5)
  }
  if (url !== undefined && !isChild) await db.rawQuery(`drop schema if exists ${schema} cascade`)
  await db.manager.closeAll()
  rmSync(folder, { recursive: true, force: true })
}

if (!isChild) after(close)
