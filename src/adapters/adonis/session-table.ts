import { LatchkeyError } from '../../core/errors.ts'
import { parseDatabaseTime } from './database-time.ts'
import { type Framework, loadFramework } from './framework.ts'
import { parseKey } from './key-type.ts'
import type {
  DateTimeValue,
  LucidClient,
  LucidModel,
  LucidSession,
  SessionModel,
  SessionUser,
  TableQuery,
  UserModel,
} from './lucid.ts'
import type { ResolvedOptions } from './options.ts'

/** A value of a key column. */
export type Key = number | string | bigint

/** What the limit and the lists decide on. Times are epoch milliseconds. */
export interface SessionTimes {
  readonly key: Key
  readonly owner: Key
  readonly createdAt: number
  readonly usedAt: number | null
  readonly expiresAt: number | null
}

/** The sessions of a Lucid model as a table: which columns, which values, which rows. */
export class SessionTable {
  readonly model: LucidModel
  readonly #options: ResolvedOptions
  #owner: string | null = null

  constructor(model: SessionModel, options: ResolvedOptions) {
    this.model = model as unknown as LucidModel
    this.#options = options
    // A model's columns are defined after its static properties, and before anything can await.
    queueMicrotask(() => this.#hideHash())
  }

  #hideHash(): void {
    const hash = this.model.$columnsDefinitions?.get('hash')
    if (hash !== undefined) hash.serializeAs = null
  }

  /** The property that has the user's id. */
  get owner(): string {
    if (this.#owner !== null) return this.#owner
    this.#hideHash()
    const columns = this.model.$columnsDefinitions
    const wanted = this.#options.owner
    const found = (wanted === null ? ['userId', 'ownerId'] : [wanted]).find((name) =>
      columns.has(name),
    )
    const missing = ['hash', 'createdAt', 'expiresAt', 'usedAt'].find((name) => !columns.has(name))
    if (found === undefined || missing !== undefined) {
      throw new LatchkeyError(
        'invalid_request',
        `The model ${this.model.name} has no column ${missing ?? wanted ?? 'userId'}.`,
      )
    }
    this.#owner = found
    return found
  }

  /** The name in the database of a property. */
  column(property: string): string {
    return this.model.$columnsDefinitions.get(property)?.columnName ?? property
  }

  /** The client of the model's own connection. */
  client(): LucidClient {
    return this.model.query().client
  }

  /** Rows of the table, without the model. */
  rows(client: LucidClient): TableQuery {
    return client.from(this.model.table)
  }

  keyOf(row: LucidSession): Key {
    return row.$primaryKeyValue as Key
  }

  timesOf(row: LucidSession): SessionTimes {
    return {
      key: this.keyOf(row),
      owner: row[this.owner] as Key,
      createdAt: row.createdAt.toMillis(),
      usedAt: row.usedAt?.toMillis() ?? null,
      expiresAt: row.expiresAt?.toMillis() ?? null,
    }
  }

  /** The row of an id as a token has it; null, without a query, where it is not one of the key's type. */
  async find(id: string): Promise<LucidSession | null> {
    const key = parseKey(this.#options.key, id)
    if (key === null) return null
    const row = await this.model.query().where(this.model.primaryKey, key).first()
    // A database may take more than one text for the same key.
    return row !== null && String(row.$primaryKeyValue) === id ? row : null
  }

  findByHash(hash: string): Promise<LucidSession | null> {
    return this.model.query().where('hash', hash).first()
  }

  /** All rows of a user, live or not. */
  async ofOwner(owner: Key, client: LucidClient): Promise<LucidSession[]> {
    return await this.model.query({ client }).where(this.owner, owner)
  }

  /** The times of all rows of a user, live or not. Without the model, which costs more than the query. */
  async timesOfOwner(owner: Key, client: LucidClient): Promise<SessionTimes[]> {
    const { DateTime } = await loadFramework()
    const names = [this.model.primaryKey, 'createdAt', 'usedAt', 'expiresAt']
    const [key, createdAt, usedAt, expiresAt] = names.map((name) => this.column(name)) as [
      string,
      string,
      string,
      string,
    ]
    const query = this.rows(client).where(this.column(this.owner), owner)
    const rows = (await query.select(key, createdAt, usedAt, expiresAt)) as Record<
      string,
      unknown
    >[]
    return rows.map((row) => ({
      key: row[key] as Key,
      owner,
      createdAt: parseDatabaseTime(row[createdAt], DateTime) ?? 0,
      usedAt: parseDatabaseTime(row[usedAt], DateTime),
      expiresAt: parseDatabaseTime(row[expiresAt], DateTime),
    }))
  }

  /** Deletes one row; whether this call did. */
  async delete(key: Key, client: LucidClient): Promise<boolean> {
    return Number(await this.#rowOf(key, client).del()) > 0
  }

  /** Changes one row, unless it is gone or has another secret by now; whether it did. */
  async update(
    row: LucidSession,
    changes: Readonly<Record<string, string | DateTimeValue | null>>,
    client: LucidClient,
  ): Promise<boolean> {
    const values = Object.entries(changes).map(([property, value]) => [
      this.column(property),
      value === null || typeof value === 'string' ? value : this.timeValue(value, client),
    ])
    const changed = await this.#rowOf(this.keyOf(row), client)
      .where(this.column('hash'), row.hash)
      .update(Object.fromEntries(values))
    if (Number(changed) === 0) return false
    Object.assign(row, changes)
    row.$hydrateOriginals()
    return true
  }

  #rowOf(key: Key, client: LucidClient): TableQuery {
    return this.rows(client).where(this.column(this.model.primaryKey), key)
  }

  /** Whether a session is live. It is over *at* its expiry, and when it has been idle for too long. */
  isLive(times: SessionTimes): boolean {
    const { idleMs, now } = this.#options
    const at = now()
    const isIdle = idleMs !== null && at >= lastUseOf(times) + idleMs
    return !isIdle && (times.expiresAt === null || at < times.expiresAt)
  }

  /** A time as the client's database has it in a datetime column. */
  timeValue(time: DateTimeValue, client: LucidClient): string {
    return time.toFormat(client.dialect.dateTimeFormat)
  }
}

/** When a session was last used, or else made. */
export function lastUseOf({ usedAt, createdAt }: SessionTimes): number {
  return usedAt ?? createdAt
}

/** A time as every engine stores it: Lucid keeps whole seconds on SQLite and MySQL. Rounded up, so that no session is cut short. */
export function wholeSecond(ms: number, DateTime: Framework['DateTime']): DateTimeValue {
  return DateTime.fromMillis(Math.ceil(ms / 1000) * 1000)
}

/** The id of a user. Throws `invalid_request` for one that has not been saved. */
export function userKeyOf(user: SessionUser): Key {
  const key = user?.$primaryKeyValue
  if (key === undefined || key === null || user.$isPersisted === false) {
    throw new LatchkeyError('invalid_request', 'The user of a session must be saved first.')
  }
  return key
}

/**
 * Makes other calls that create a session for the same user wait until the transaction ends. SQLite needs no lock: the insert that
 * comes first in its transactions locks the whole database.
 */
export async function lockUser(user: SessionUser, key: Key, client: LucidClient): Promise<void> {
  const { name } = client.dialect
  if (/sqlite|libsql/.test(name)) return
  const { table, primaryKey, $columnsDefinitions } = user.constructor as unknown as UserModel
  const column = $columnsDefinitions.get(primaryKey)?.columnName ?? primaryKey
  const row = () => client.from(table).where(column, key)
  const isolation = "current_setting('transaction_isolation') as isolation"
  const columns = name === 'postgres' ? [column, client.raw(isolation)] : [column]
  const found = await row()
    .select(...columns)
    .forUpdate()
    .first()
  if (!found) throw new LatchkeyError('not_found', 'The user of the session does not exist.')
  // A transaction that reads from one snapshot would not see the sessions made while it waited. A write makes it fail instead.
  if ((found['isolation'] ?? 'read committed') !== 'read committed') {
    await row().update({ [column]: key })
  }
}
