import { parseDuration } from './duration.ts'

/** A row of the store's table. */
interface StoredRow {
  readonly id: string
  readonly data: string
  readonly expires_at: number | string
}

/** The part of Knex that the store uses. */
interface KnexQuery extends PromiseLike<unknown> {
  where(column: string, value: unknown): this
  where(column: string, operator: string, value: unknown): this
  first(): PromiseLike<StoredRow | undefined>
  update(values: Readonly<Record<string, unknown>>): this
  del(): this
  insert(values: Readonly<Record<string, unknown>>): this
  onConflict(column: string): { merge(values: Readonly<Record<string, unknown>>): KnexQuery }
}
interface StoreClient {
  knexQuery(): { from(table: string): KnexQuery }
}
interface Application {
  readonly container: {
    make(binding: 'lucid.db'): Promise<{ connection(name?: string): unknown }>
  }
}

/** Options of `sessionStore`. */
export interface SessionStoreOptions {
  /** Default `session_data`. Columns: `id`, `data`, `user_id`, and `expires_at` in epoch milliseconds. */
  readonly table?: string
  /** The name of a Lucid connection. Default: the default one. */
  readonly connection?: string
}

/** The values of a session of `@adonisjs/session`. */
type SessionValues = Record<string, string | boolean | number | object>

const PRUNE_ONE_OF = 50

/**
 * A store for `@adonisjs/session` in a table of the application's database, one for each request. A session that was destroyed
 * after this request read it stays destroyed: the late write of this request does not bring it back, as it does with the stores of
 * `@adonisjs/session`.
 */
export class SessionDataStore {
  readonly #client: StoreClient
  readonly #table: string
  readonly #ageMs: number
  /** The sessions that this request has found. */
  readonly #found = new Set<string>()

  constructor(client: unknown, table: string, age: string | number) {
    this.#client = client as StoreClient
    this.#table = table
    this.#ageMs = parseDuration('age', age)
  }

  /** Returns the values of a session, or null if there is none or it has expired. */
  async read(id: string): Promise<SessionValues | null> {
    const row = await this.#rows().where('id', id).first()
    const values = row === undefined ? null : valuesOf(row)
    if (values !== null) this.#found.add(id)
    return values
  }

  /** Writes the values of a session and moves its expiry. */
  async write(id: string, values: SessionValues): Promise<void> {
    const changes = { data: JSON.stringify(values), expires_at: this.#expiry() }
    if (this.#found.has(id)) await this.#rows().where('id', id).update(changes)
    else
      await this.#rows()
        .insert({ id, ...changes })
        .onConflict('id')
        .merge(changes)
    if (Math.random() * PRUNE_ONE_OF >= 1) return
    await this.#rows().where('expires_at', '<=', Date.now()).del()
  }

  /** Removes the session. Called by `@adonisjs/session`. */
  async destroy(id: string): Promise<void> {
    await this.#rows().where('id', id).del()
  }

  /** Moves the expiry of a session to its full age from now. */
  async touch(id: string): Promise<void> {
    await this.#rows().where('id', id).update({ expires_at: this.#expiry() })
  }

  /** Sets the user of a session, so that `tagged` finds it. */
  async tag(id: string, userId: string | number): Promise<void> {
    await this.#rows()
      .where('id', id)
      .update({ user_id: String(userId) })
  }

  /** Removes the user of a session. */
  async untag(id: string, userId: string | number): Promise<void> {
    const tagged = this.#rows().where('id', id).where('user_id', String(userId))
    await tagged.update({ user_id: null })
  }

  /** Returns the sessions of a user that have not expired. */
  async tagged(userId: string | number): Promise<{ id: string; data: SessionValues }[]> {
    const rows = (await this.#rows().where('user_id', String(userId))) as StoredRow[]
    return rows.flatMap((row) => {
      const data = valuesOf(row)
      return data === null ? [] : [{ id: row.id, data }]
    })
  }

  #rows(): KnexQuery {
    return this.#client.knexQuery().from(this.#table)
  }

  #expiry(): number {
    return Date.now() + this.#ageMs
  }
}

function valuesOf(row: StoredRow): SessionValues | null {
  return Number(row.expires_at) <= Date.now() ? null : (JSON.parse(row.data) as SessionValues)
}

/** The entry of the store in `config/session.ts`: `stores: { latchkey: sessionStore() }`. */
export function sessionStore(options: SessionStoreOptions = {}) {
  const { table = 'session_data', connection } = options
  return {
    type: 'provider' as const,
    async resolver(app: Application) {
      const db = await app.container.make('lucid.db')
      return (_ctx: unknown, config: { readonly age: string | number }) =>
        new SessionDataStore(db.connection(connection), table, config.age)
    },
  }
}
