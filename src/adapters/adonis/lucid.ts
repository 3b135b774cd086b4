/*
 * The part of Lucid that the session manager uses, declared here so that the library compiles without AdonisJS. The real types of
 * Lucid 21 and 22 are assignable to these; the applications that the tests build prove it.
 */

/** A Luxon `DateTime`, as far as it is used. */
export interface DateTimeValue {
  toMillis(): number
  toFormat(format: string): string
}

/** An AdonisJS `Secret`: prints as `[redacted]`; `release()` returns the text. */
export interface SecretText {
  release(): string
}

/** The properties that a session model must declare. The owner's property has a configurable name. */
export interface SessionRow {
  hash: string
  createdAt: DateTimeValue
  updatedAt: DateTimeValue
  expiresAt: DateTimeValue | null
  usedAt: DateTimeValue | null
  value: SecretText | null
  secret: SecretText | null
}

/** A Lucid model that can hold sessions. The construct signature comes first, so that `new model()` is the model's own row. */
export type SessionModel = { new (): SessionRow } & {
  readonly table: string
  readonly primaryKey: string
}

/** A user that can own sessions: a row of a Lucid model that has been saved. */
export interface SessionUser {
  $primaryKeyValue?: number | string | bigint
  $isPersisted: boolean
}

/** A Lucid query client or transaction, as callers pass it. */
export interface DatabaseClient {
  readonly isTransaction: boolean
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
