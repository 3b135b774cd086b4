import { createHash } from 'node:crypto'
import { type MappedUser, type UserFields, userFields } from './user.ts'
import type { Awaitable, UserProvider } from './user-provider.ts'
import { WebError } from './web-error.ts'

/** A row of a table. */
export type Row = Readonly<Record<string, unknown>>

/** The columns of a users table. Each is a plain name. */
export interface UserColumns {
  /** `id` by default. */
  readonly id?: string
  /** The columns of what a user types to log in; `email` by default. */
  readonly username?: string | readonly string[]
  /** The column of the display name; the first of `username` by default. */
  readonly displayName?: string
  /** `password` by default. */
  readonly hashedPassword?: string
  /** A column with scopes, as text or as an array. None by default. */
  readonly scopes?: string
  /** A column that is true for users that may log in. None by default. */
  readonly active?: string
  /** A column that is set for users with a confirmed e-mail address. None by default. */
  readonly emailVerified?: string
  /** The column with the SHA-256 of the user's API token, in hex: {@link hashApiToken}. None by default. */
  readonly tokenHash?: string
}

/** Options of {@link sqlUsers}. */
export interface SqlUsersOptions {
  /** Runs a statement with values, and returns the rows, or an object with `rows` as `pg` does, or a list that begins with the rows as `mysql2` does. */
  query(text: string, values: readonly unknown[]): Awaitable<unknown>
  /** The table, with its schema if it needs one. */
  readonly table: string
  /** The columns; see `UserColumns` for the defaults. */
  readonly columns?: UserColumns
  /** How the statement names its values: `?` by default, `$1` for PostgreSQL. */
  readonly placeholder?: '?' | '$1'
}

/** A user of a table. */
export type SqlUser = MappedUser<Row>

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/

/** Returns the hash of an API token, as `sqlUsers` and `kyselyUsers` look it up: SHA-256 in hex. Tokens must be random. */
export function hashApiToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/**
 * Makes a provider of the users of a table, over any function that runs a statement: `pg`, `mysql2`, `node:sqlite`. Values are always
 * parameters. Throws `TypeError` for a name that is not a plain one. A look-up rejects with `conflict` if two rows have the same name.
 */
export function sqlUsers({
  query,
  table,
  columns = {},
  placeholder = '?',
}: SqlUsersOptions): UserProvider<SqlUser> {
  for (const name of [...table.split('.'), ...Object.values(columns).flat()]) {
    if (!NAME.test(name)) throw new TypeError(`${name} is not the name of a table or a column.`)
  }
  const findRows = async (where: readonly string[], value: string): Promise<readonly Row[]> => {
    const conditions = where.map(
      (column, at) => `${column} = ${placeholder === '?' ? '?' : `$${at + 1}`}`,
    )
    const text = `SELECT * FROM ${table} WHERE ${conditions.join(' OR ')} LIMIT 2`
    const values = where.map(() => value)
    return rowsOf(await query(text, values))
  }
  return rowUsers(columns, findRows)
}

/**
 * Makes the provider of a users table. `findRows` returns at most two rows in which one of the columns
 * has the value.
 */
export function rowUsers(
  columns: UserColumns,
  findRows: (where: readonly string[], value: string) => Promise<readonly Row[]>,
): UserProvider<SqlUser> {
  const { id = 'id', tokenHash } = columns
  const usernames = usernamesOf(columns)
  const toUser = userFields<Row>(fieldsOf(columns, usernames[0] ?? 'email'))
  const findBy = async (where: readonly string[], value: string) =>
    oneUser(await findRows(where, value), toUser)
  return {
    findById: (value) => findBy([id], value),
    findByUsername: (value) => findBy(usernames, value),
    ...(tokenHash === undefined
      ? {}
      : { findByToken: (token: string) => findBy([tokenHash], hashApiToken(token)) }),
  }
}

function usernamesOf({ username = 'email' }: UserColumns): readonly string[] {
  return typeof username === 'string' ? [username] : username
}

/** Returns where the fields of a user are, for columns with their defaults. */
function fieldsOf(columns: UserColumns, username: string): UserFields<Row> {
  const { scopes, active, emailVerified } = columns
  return {
    id: columns.id ?? 'id',
    displayName: columns.displayName ?? username,
    hashedPassword: columns.hashedPassword ?? 'password',
    ...(scopes === undefined ? {} : { scopes }),
    ...(active === undefined ? {} : { active }),
    ...(emailVerified === undefined ? {} : { emailVerified }),
  }
}

/** Returns the user of a row. Throws `conflict` for two rows. */
function oneUser(rows: readonly Row[], toUser: (row: Row) => SqlUser): SqlUser | null {
  const [row, other] = rows
  if (other !== undefined) {
    throw new WebError('conflict', 'Two users have the same name. Make the column unique.')
  }
  return row === undefined ? null : toUser(row)
}

function rowsOf(result: unknown): readonly Row[] {
  if (Array.isArray(result)) return Array.isArray(result[0]) ? result[0] : result
  const rows: unknown = Reflect.get(Object(result), 'rows')
  if (Array.isArray(rows)) return rows
  throw new TypeError('query must return the rows.')
}
