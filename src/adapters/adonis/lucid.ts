/*
 * The part of Lucid that the session manager uses, declared here so that the library compiles without AdonisJS. The real types of
 * Lucid 21 and 22 are assignable to these; the applications that the tests build prove it.
 */

/** A Luxon `DateTime`, as far as it is used. */
export interface DateTimeValue {
  /** Returns epoch milliseconds. */
  toMillis(): number
  /** Returns the time in a format of Luxon. */
  toFormat(format: string): string
}

/** An AdonisJS `Secret`: prints as `[redacted]`; `release()` returns the text. */
export interface SecretText {
  /** Returns the text. */
  release(): string
}

/** The properties that a session model must declare. The owner's property has a configurable name. */
export interface SessionRow {
  /** The SHA-256 of the secret, as hexadecimal text. */
  hash: string
  /** When the session was created. */
  createdAt: DateTimeValue
  /** When the row was last written. */
  updatedAt: DateTimeValue
  /** When the session expires; null for never. */
  expiresAt: DateTimeValue | null
  /** When the session was last used; null if never. */
  usedAt: DateTimeValue | null
  /** The token of a session that this process has just created, else null. */
  value: SecretText | null
  /** The secret of a session that this process has just created, else null. */
  secret: SecretText | null
}

/** A Lucid model that can hold sessions. The construct signature comes first, so that `new model()` is the model's own row. */
export type SessionModel = { new (): SessionRow } & {
  readonly table: string
  readonly primaryKey: string
}

/** A user that can own sessions: a row of a Lucid model that has been saved. */
export interface SessionUser {
  /** The value of the primary key. */
  $primaryKeyValue?: number | string | bigint
  /** Whether the row has been saved. */
  $isPersisted: boolean
}

/** A Lucid query client or transaction, as callers pass it. */
export interface DatabaseClient {
  /** Whether it is a transaction. */
  readonly isTransaction: boolean
  /** The name of the connection in `config/database.ts`. */
  readonly connectionName: string
}

/** A query of a table. Resolves to rows, to the number of rows it changed, or to what it inserted. */
export interface TableQuery extends PromiseLike<unknown> {
  where(column: string, value: unknown): this
  where(column: string, operator: string, value: unknown): this
  where(conditions: Readonly<Record<string, unknown>>): this
  whereIn(column: string, values: readonly unknown[]): this
  whereNull(column: string): this
  select(...columns: unknown[]): this
  limit(count: number): this
  forUpdate(): this
  first(): Promise<Readonly<Record<string, unknown>> | null>
  update(values: Readonly<Record<string, unknown>>): this
  del(): this
}

/** A query of a model. */
export interface ModelQuery<Row> extends PromiseLike<Row[]> {
  where(attribute: string, value: unknown): this
  first(): Promise<Row | null>
}

/** A Lucid client as the manager uses it. */
export interface LucidClient extends DatabaseClient {
  readonly dialect: { readonly name: string; readonly dateTimeFormat: string }
  from(table: string): TableQuery
  raw(sql: string): unknown
  /** A nested call makes a savepoint. */
  transaction<T>(work: (trx: LucidClient) => Promise<T>): Promise<T>
  /** Only of a transaction. */
  after?(event: 'commit', handler: () => void): unknown
}

/** A row as the manager uses it. */
export interface LucidSession extends SessionRow {
  [attribute: string]: unknown
  $isDeleted: boolean
  $hydrateOriginals(): void
  $primaryKeyValue?: number | string | bigint
  useTransaction(trx: LucidClient): unknown
  save(): Promise<unknown>
  related(relation: string): { query(): { first(): Promise<unknown> } }
  $setRelated(relation: string, row: unknown): void
}

/** A session model as the manager uses it. */
export interface LucidModel {
  new (): LucidSession
  readonly name: string
  readonly table: string
  readonly primaryKey: string
  readonly selfAssignPrimaryKey: boolean
  readonly $columnsDefinitions: ReadonlyMap<
    string,
    { columnName: string; serializeAs: string | null }
  >
  query(options?: {
    client?: LucidClient
  }): ModelQuery<LucidSession> & { readonly client: LucidClient }
}

/** The model of the user, found from the row. */
export interface UserModel {
  readonly table: string
  readonly primaryKey: string
  readonly $columnsDefinitions: ReadonlyMap<string, { columnName: string }>
}
