import type { Kysely } from 'kysely'
import { rowUsers, type SqlUser, type UserColumns } from './sql-users.ts'
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
  // The columns are known only at run time, so the schema of the application cannot type them.
  const open = db as unknown as Kysely<Record<string, Record<string, unknown>>>
  return rowUsers(columns, (where, value) =>
    open
      .selectFrom(table)
      .selectAll()
      .where((eb) => eb.or(where.map((column) => eb(column, '=', value))))
      .limit(2)
      .execute(),
  )
}
