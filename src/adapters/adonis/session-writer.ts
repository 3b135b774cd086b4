import { randomUUID } from 'node:crypto'
import { LatchkeyError } from '../../core/errors.ts'
import { SessionLimitError } from './errors.ts'
import { emit, type SessionEndReason, type SessionEvents } from './events.ts'
import { loadFramework } from './framework.ts'
import { compareKeys, parseKey } from './key-type.ts'
import type { DatabaseClient, LucidClient, LucidSession } from './lucid.ts'
import type { ResolvedOptions } from './options.ts'
import {
  type Key,
  lastUseOf,
  type SessionTable,
  type SessionTimes,
  wholeSecond,
} from './session-table.ts'
import { formatToken } from './session-token.ts'

/** The client of a call. */
export interface ClientOption {
  /** The caller's transaction, which is used and never committed or rolled back; or a client of another connection. */
  readonly client?: DatabaseClient
}

/** A write under way: its transaction, and the events that are emitted once it is committed. */
export interface Write {
  readonly trx: LucidClient
  announce<E extends keyof SessionEvents>(event: E, data: SessionEvents[E]): void
}

/** A session about to be made. Times are epoch milliseconds. */
export interface NewSession {
  readonly owner: Key
  readonly hash: string
  readonly expiresAtMs: number | null
  /** When a token of another system was made, which is in use now. Absent: the session is made now and not used yet. */
  readonly acceptedFromMs?: number
}

const ATTEMPTS = 10

/** Whether PostgreSQL undid a transaction because of another that ran beside it: `serialization_failure`, `deadlock_detected`. */
function isConflict(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return code === '40001' || code === '40P01'
}

/** What makes and removes sessions. */
export class SessionWriter {
  readonly #table: SessionTable
  readonly #options: ResolvedOptions

  constructor(table: SessionTable, options: ResolvedOptions) {
    this.#table = table
    this.#options = options
  }

  client({ client }: ClientOption): LucidClient {
    return (client as LucidClient | undefined) ?? this.#table.client()
  }

  /** Runs a write in a transaction, or in a savepoint of the caller's: what fails has written nothing. */
  async write<T>(options: ClientOption, work: (write: Write) => Promise<T>): Promise<T> {
    const client = this.client(options)
    for (let attempt = 1; ; attempt++) {
      const announced: (() => void)[] = []
      try {
        const result = await client.transaction((trx) =>
          work({ trx, announce: (event, data) => announced.push(() => emit(event, data)) }),
        )
        const emitAll = () => {
          for (const each of announced) each()
        }
        if (client.after === undefined) emitAll()
        else client.after('commit', emitAll)
        return result
      } catch (error) {
        // A caller's transaction can only be repeated by the caller, and as a whole.
        if (client.isTransaction || attempt === ATTEMPTS || !isConflict(error)) throw error
      }
    }
  }

  /** Adds a row. Throws `invalid_request` where the database gave it an id that is not of the manager's `key`. */
  async insert(values: NewSession, { trx, announce }: Write): Promise<LucidSession> {
    const { DateTime } = await loadFramework()
    const { model, owner } = this.#table
    const row = new model()
    if (model.selfAssignPrimaryKey) row[model.primaryKey] ??= randomUUID()
    row[owner] = values.owner
    row.hash = values.hash
    const now = DateTime.fromMillis(this.#options.now())
    const { acceptedFromMs } = values
    row.createdAt = acceptedFromMs === undefined ? now : DateTime.fromMillis(acceptedFromMs)
    row.expiresAt = values.expiresAtMs === null ? null : wholeSecond(values.expiresAtMs, DateTime)
    row.usedAt = acceptedFromMs === undefined ? null : now
    row.useTransaction(trx)
    await row.save()
    const id = String(this.#table.keyOf(row))
    if (parseKey(this.#options.key, id) === null) {
      const message = `The id ${id} of a session is not of the type ${this.#options.key}. Set the option key.`
      throw new LatchkeyError('invalid_request', message)
    }
    announce('session:created', { sessionId: this.#table.keyOf(row), userId: values.owner })
    return row
  }

  /** Removes the user's other sessions that are over, and as many live ones as there are too many. */
  async keepLimit(made: LucidSession, write: Write): Promise<void> {
    const { maxSessions, onLimit } = this.#options
    const own = this.#table.timesOf(made)
    const all = await this.#table.timesOfOwner(own.owner, write.trx)
    const others = all.filter((each) => this.byKey(each, own) !== 0)
    const live = others.filter((each) => this.#table.isLive(each))
    const surplus = Math.max(0, live.length + 1 - maxSessions)
    if (surplus > 0 && onLimit === 'refuse') {
      throw new SessionLimitError(`There are ${maxSessions} sessions already`)
    }
    const byUse = (a: SessionTimes, b: SessionTimes) => lastUseOf(a) - lastUseOf(b)
    const evicted = live
      .toSorted((a, b) => (onLimit === 'evict-oldest' ? 0 : byUse(a, b)) || this.byAge(a, b))
      .slice(0, surplus)
    const over = others.filter((each) => !live.includes(each))
    await this.#remove(over, 'expired', write)
    await this.#remove(evicted, 'evicted', write)
  }

  /** Ends sessions; how many of them were still there. */
  async end(
    sessions: readonly SessionTimes[],
    reason: SessionEndReason,
    options: ClientOption = {},
  ): Promise<number> {
    if (sessions.length === 0) return 0
    return await this.write(options, (write) => this.#remove(sessions, reason, write))
  }

  /** Ends the session of a row; whether it was still there. */
  async endRow(
    row: LucidSession,
    reason: SessionEndReason,
    options: ClientOption = {},
  ): Promise<boolean> {
    const ended = await this.end([this.#table.timesOf(row)], reason, options)
    row.$isDeleted = true
    return ended > 0
  }

  /** Puts the token of a secret into the row's `value` and `secret`. */
  async giveToken(row: LucidSession, secret: string): Promise<void> {
    const { Secret } = await loadFramework()
    const id = String(this.#table.keyOf(row))
    row.secret = new Secret(secret)
    row.value = new Secret(formatToken(this.#options.tokenPrefix, { id, secret }))
  }

  /** Orders sessions by creation, ties by id. */
  byAge(a: SessionTimes, b: SessionTimes): number {
    return a.createdAt - b.createdAt || this.byKey(a, b)
  }

  byKey(a: SessionTimes, b: SessionTimes): number {
    return compareKeys(this.#options.key, a.key, b.key)
  }

  async #remove(
    sessions: readonly SessionTimes[],
    reason: SessionEndReason,
    { trx, announce }: Write,
  ): Promise<number> {
    let removed = 0
    // In one order, so that two calls that end the same sessions do not wait for each other.
    for (const { key, owner } of sessions.toSorted((a, b) => this.byKey(a, b))) {
      if (!(await this.#table.delete(key, trx))) continue
      announce('session:ended', { sessionId: key, userId: owner, reason })
      removed++
    }
    return removed
  }
}
