import type { Kysely } from 'kysely'
import {
  fieldsOf,
  hashApiToken,
  oneUser,
  type Row,
  type SqlUser,
  type UserColumns,
} from './sql-users.ts'
import { userFields } from './user.ts'
import type { UserProvider } from './user-provider.ts'

/** Options of {@link kyselyUsers}. */
export interface KyselyUsersOptions<Database> {
  /** The Kysely instance. */
  readonly db: Kysely<Database>
  /** The name of the table. */
  readonly table: keyof Database & string
  /** The columns; see `UserColumns` for the defaults. */
  readonly columns?: UserColumns
}

/**
 * Makes a provider of the users of a table, over a Kysely instance of any dialect. A look-up rejects with `conflict` if two rows have
 * the same name.
 */
export function kyselyUsers<Database>({
  db,
  table,
  columns = {},
}: KyselyUsersOptions<Database>): UserProvider<SqlUser> {
  const { id = 'id', username = 'email', tokenHash } = columns
  const usernames = typeof username === 'string' ? [username] : username
  const toUser = userFields<Row>(fieldsOf(columns, usernames[0] ?? 'email'))
  // The columns are known only at run time, so the schema of the application cannot type them.
  const open = db as unknown as Kysely<Record<string, Record<string, unknown>>>
  const findBy = async (where: readonly string[], value: string): Promise<SqlUser | null> => {
    const rows = await open
      .selectFrom(table)
      .selectAll()
      .where((eb) => eb.or(where.map((column) => eb(column, '=', value))))
      .limit(2)
      .execute()
    return oneUser(rows, toUser)
  }
  return {
    findById: (value) => findBy([id], value),
    findByUsername: (value) => findBy(usernames, value),
    ...(tokenHash === undefined
      ? {}
      : { findByToken: (token: string) => findBy([tokenHash], hashApiToken(token)) }),
  }
}
