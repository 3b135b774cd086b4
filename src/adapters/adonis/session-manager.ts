import { randomUUID } from 'node:crypto'
import { LatchkeyError } from '../../core/errors.ts'
import { findAccepted, type TokenSource, takeAccepted } from './accepted-tokens.ts'
import { parseDuration } from './duration.ts'
import { InvalidSessionError, SessionLimitError } from './errors.ts'
import { emit, type SessionEndReason, type SessionEvents } from './events.ts'
import { loadFramework } from './framework.ts'
import { bearerOf, type CookieContext, type RequestContext } from './http-context.ts'
import { compareKeys, parseKey } from './key-type.ts'
import type {
  DatabaseClient,
  LucidClient,
  LucidSession,
  SessionModel,
  SessionUser,
} from './lucid.ts'
import { type ResolvedOptions, resolveOptions, type SessionManagerOptions } from './options.ts'
import { type PruneOptions, pruneSessions } from './prune.ts'
import {
  type Key,
  lockUser,
  SessionTable,
  usedAtOf,
  userKeyOf,
  wholeSecond,
} from './session-table.ts'
import {
  createSecret,
  formatToken,
  hasChecksum,
  hashSecret,
  parseToken,
  sameHash,
} from './session-token.ts'

/** The client of a call. */
export interface ClientOption {
  /** The caller's transaction, which is used and never committed or rolled back; or a client of another connection. */
  readonly client?: DatabaseClient
}

export interface CreateSessionOptions extends ClientOption {
  /** The session's life: seconds, or a text such as `1h`. Default: the manager's `expiresIn`. */
  readonly expiresIn?: string | number
}

export interface RevokeOptions extends ClientOption {
  /** The response of this request also clears the cookies that a token may come in. */
  readonly ctx?: CookieContext
  /** Default `revoked`. */
  readonly reason?: SessionEndReason
}

/** A token as a request has it, and the one source that may accept it; null: any that takes bearer tokens. */
interface Presented {
  readonly text: string
  readonly source: TokenSource | null
}

/** A write under way: its transaction, and the events that are emitted once it is committed. */
interface Write {
  readonly trx: LucidClient
  announce<E extends keyof SessionEvents>(event: E, data: SessionEvents[E]): void
}

/**
 * Sessions in a table of a Lucid model.
 *
 * A token is the id of a row and a secret; the row has the SHA-256 of the secret. A user has at most `maxSessions` live sessions,
 * at any concurrency. Expiry is in whole seconds, and a session is over at that instant.
 */
export class SessionManager<M extends SessionModel> {
  readonly #options: ResolvedOptions
  readonly #table: SessionTable
  readonly #checked = new WeakMap<RequestContext, { text: string; row: Promise<LucidSession> }>()

  /** Throws `invalid_request` for an option that makes no sense. */
  constructor(model: M, options: SessionManagerOptions = {}) {
    this.#options = resolveOptions(options)
    this.#table = new SessionTable(model, this.#options)
  }

  /**
   * Makes a session for a user. The row has the token as `value` and its secret half as `secret`, both AdonisJS `Secret`s that
   * print as `[redacted]`; neither is stored.
   *
   * Throws, with nothing written: `invalid_request` for a bad `expiresIn` or a user that has not been saved, `not_found` for a
   * user that no longer exists, `SessionLimitError` where `onLimit` is `refuse`.
   */
  async create(user: SessionUser, options: CreateSessionOptions = {}): Promise<InstanceType<M>> {
    const owner = userKeyOf(user)
    const lifetimeMs = this.#lifetimeOf(options)
    const row = await this.#write(options, async (write) => {
      await lockUser(user, owner, write.trx)
      const expiresAtMs = lifetimeMs === null ? null : this.#options.now() + lifetimeMs
      const secret = createSecret(this.#options.secretSize)
      const made = await this.#insert({ owner, hash: hashSecret(secret), expiresAtMs }, write)
      await this.#keepLimit(made, write)
      await this.#giveToken(made, secret)
      return made
    })
    if (options.client?.isTransaction) row.useTransaction(options.client as LucidClient)
    return row as unknown as InstanceType<M>
  }

  /**
   * The session of a request: of its `Authorization: Bearer` header, else of its cookie, where the manager has one. Asked twice in
   * one request it makes one query. `usedAt` is written at most once in `touchEvery`.
   *
   * Throws `InvalidSessionError` for whatever is not a live session. A wrong secret changes nothing; an expired row is removed.
   */
  async authenticate(ctx: RequestContext): Promise<InstanceType<M>> {
    const presented = this.#presentedBy(ctx)
    let checked = this.#checked.get(ctx)
    if (checked?.text !== presented.text) {
      checked = { text: presented.text, row: this.#check(presented) }
      this.#checked.set(ctx, checked)
    }
    try {
      const row = await checked.row
      if (row.$isDeleted) throw this.#invalid()
      return row as unknown as InstanceType<M>
    } catch (error) {
      // A failure of the database is no answer to keep.
      if (!(error instanceof InvalidSessionError)) this.#checked.delete(ctx)
      throw error
    }
  }

  /** The session of a token that did not come in a request. Throws as `authenticate` does. */
  async verify(token: string): Promise<InstanceType<M>> {
    return (await this.#check({ text: token, source: null })) as unknown as InstanceType<M>
  }

  /**
   * Gives a session a new secret and a new life (`expiresIn`, else the manager's); the old token is refused from then on. Returns
   * the row, with the new `value` and `secret`. Throws `InvalidSessionError` where the session is over or was renewed meanwhile.
   */
  async renew(
    session: InstanceType<M>,
    options: CreateSessionOptions = {},
  ): Promise<InstanceType<M>> {
    const row = session as unknown as LucidSession
    const lifetimeMs = this.#lifetimeOf(options)
    const framework = await loadFramework()
    if (row.$isDeleted || !this.#table.isLive(row)) throw this.#invalid()
    const now = this.#options.now()
    const secret = createSecret(this.#options.secretSize)
    const changes = {
      hash: hashSecret(secret),
      usedAt: framework.DateTime.fromMillis(now),
      expiresAt: lifetimeMs === null ? null : wholeSecond(now + lifetimeMs, framework),
    }
    if (!(await this.#table.update(row, changes, this.#client(options)))) throw this.#invalid()
    await this.#giveToken(row, secret)
    return session
  }

  /** Ends a session; whether it was still there. */
  async revoke(session: InstanceType<M>, options: RevokeOptions = {}): Promise<boolean> {
    if (options.ctx !== undefined) this.#clearCookies(options.ctx)
    const row = session as unknown as LucidSession
    return (await this.#end([row], options.reason ?? 'revoked', options)) > 0
  }

  /** Ends all sessions of a session's user but that one; how many. */
  async revokeOthers(session: InstanceType<M>, options: ClientOption = {}): Promise<number> {
    const row = session as unknown as LucidSession
    const all = await this.#table.ofOwner(this.#table.ownerOf(row), this.#client(options))
    const others = all.filter((each) => this.#byKey(each, row) !== 0)
    return await this.#end(others, 'revoked', options)
  }

  /** Ends all sessions of a user; how many. */
  async revokeAll(user: SessionUser, options: ClientOption = {}): Promise<number> {
    const all = await this.#table.ofOwner(userKeyOf(user), this.#client(options))
    return await this.#end(all, 'revoked', options)
  }

  /** The live sessions of a user, newest first. */
  async list(user: SessionUser, options: ClientOption = {}): Promise<InstanceType<M>[]> {
    const all = await this.#table.ofOwner(userKeyOf(user), this.#client(options))
    const live = all.filter((row) => this.#table.isLive(row)).sort((a, b) => this.#byAge(b, a))
    return live as unknown as InstanceType<M>[]
  }

  /** Removes the rows of sessions that are over, in batches; how many. */
  async prune(options: PruneOptions = {}): Promise<number> {
    return await pruneSessions(this.#table, this.#options, options)
  }

  /** Sets the manager's cookie to a new session's token. Throws `invalid_request` where the manager has no cookie or the row no token. */
  sendCookie(ctx: CookieContext, session: InstanceType<M>): void {
    const { cookie, now } = this.#options
    const { value, expiresAt } = session as unknown as LucidSession
    if (cookie === null || !value) {
      throw new LatchkeyError(
        'invalid_request',
        'sendCookie needs the option cookie and a new session.',
      )
    }
    const { name, ...options } = cookie
    ctx.response.plainCookie(name, value.release(), {
      path: '/',
      secure: true,
      sameSite: 'lax',
      ...options,
      httpOnly: true,
      encode: false,
      ...(expiresAt === null ? {} : { maxAge: Math.ceil((expiresAt.toMillis() - now()) / 1000) }),
    })
  }

  #invalid(): InvalidSessionError {
    return new InvalidSessionError(this.#options.invalidMessage)
  }

  #lifetimeOf({ expiresIn }: CreateSessionOptions): number | null {
    return expiresIn === undefined
      ? this.#options.expiresInMs
      : parseDuration('expiresIn', expiresIn)
  }

  #client({ client }: ClientOption): LucidClient {
    return (client as LucidClient | undefined) ?? this.#table.client()
  }

  /** Runs a write in a transaction, or in a savepoint of the caller's: what fails has written nothing. */
  async #write<T>(options: ClientOption, work: (write: Write) => Promise<T>): Promise<T> {
    const client = this.#client(options)
    const announced: (() => void)[] = []
    const result = await client.transaction((trx) =>
      work({ trx, announce: (event, data) => announced.push(() => emit(event, data)) }),
    )
    const tell = () => {
      for (const each of announced) each()
    }
    if (client.after === undefined) tell()
    else client.after('commit', tell)
    return result
  }

  #idsOf(row: LucidSession) {
    return { sessionId: this.#table.keyOf(row), userId: this.#table.ownerOf(row) }
  }

  async #insert(
    values: { owner: Key; hash: string; createdAtMs?: number | null; expiresAtMs: number | null },
    { trx, announce }: Write,
  ): Promise<LucidSession> {
    const framework = await loadFramework()
    const { model, owner } = this.#table
    const row = new model()
    if (model.selfAssignPrimaryKey) row[model.primaryKey] ??= randomUUID()
    row[owner] = values.owner
    row.hash = values.hash
    row.createdAt = framework.DateTime.fromMillis(values.createdAtMs ?? this.#options.now())
    row.expiresAt = values.expiresAtMs === null ? null : wholeSecond(values.expiresAtMs, framework)
    row.usedAt = null
    row.useTransaction(trx)
    await row.save()
    const id = String(this.#table.keyOf(row))
    if (parseKey(this.#options.key, id) === null) {
      const message = `The id ${id} of a session is no ${this.#options.key}: give the manager the option key.`
      throw new LatchkeyError('invalid_request', message)
    }
    announce('session:created', this.#idsOf(row))
    return row
  }

  /** Removes sessions that are over, and as many live ones as there are too many. */
  async #keepLimit(made: LucidSession, write: Write): Promise<void> {
    const { maxSessions, onLimit } = this.#options
    const all = await this.#table.ofOwner(this.#table.ownerOf(made), write.trx)
    const others = all.filter((row) => this.#byKey(row, made) !== 0)
    const live = others.filter((row) => this.#table.isLive(row))
    const surplus = Math.max(0, live.length + 1 - maxSessions)
    if (surplus > 0 && onLimit === 'refuse') {
      throw new SessionLimitError(`There are ${maxSessions} sessions already`)
    }
    const byUse = (a: LucidSession, b: LucidSession) => usedAtOf(a) - usedAtOf(b)
    const evicted = live
      .sort((a, b) => (onLimit === 'evict-oldest' ? 0 : byUse(a, b)) || this.#byAge(a, b))
      .slice(0, surplus)
    const over = others.filter((row) => !live.includes(row))
    await this.#remove(over, 'expired', write)
    await this.#remove(evicted, 'evicted', write)
  }

  #byAge(a: LucidSession, b: LucidSession): number {
    return a.createdAt.toMillis() - b.createdAt.toMillis() || this.#byKey(a, b)
  }

  #byKey(a: LucidSession, b: LucidSession): number {
    return compareKeys(this.#options.key, this.#table.keyOf(a), this.#table.keyOf(b))
  }

  async #giveToken(row: LucidSession, secret: string): Promise<void> {
    const { Secret } = await loadFramework()
    const id = String(this.#table.keyOf(row))
    row.secret = new Secret(secret)
    row.value = new Secret(formatToken(this.#options.tokenPrefix, { id, secret }))
  }

  async #end(
    rows: readonly LucidSession[],
    reason: SessionEndReason,
    options: ClientOption,
  ): Promise<number> {
    if (rows.length === 0) return 0
    return await this.#write(options, (write) => this.#remove(rows, reason, write))
  }

  async #remove(
    rows: readonly LucidSession[],
    reason: SessionEndReason,
    { trx, announce }: Write,
  ): Promise<number> {
    let removed = 0
    // In one order, so that two who end the same sessions do not wait for each other.
    for (const row of rows.toSorted((a, b) => this.#byKey(a, b))) {
      row.$isDeleted = true
      if (!(await this.#table.delete(row, trx))) continue
      announce('session:ended', { ...this.#idsOf(row), reason })
      removed++
    }
    return removed
  }

  #presentedBy(ctx: RequestContext): Presented {
    const bearer = bearerOf(ctx)
    if (bearer !== null) return { text: bearer, source: null }
    const { cookie, accept } = this.#options
    const own = cookie === null ? null : ctx.request.plainCookie(cookie.name, { encoded: false })
    if (typeof own === 'string' && own !== '') return { text: own, source: null }
    for (const source of accept) {
      const text = source.cookie === null ? null : ctx.request.encryptedCookie(source.cookie)
      if (typeof text === 'string' && text !== '') return { text, source }
    }
    return { text: '', source: null }
  }

  #clearCookies(ctx: CookieContext): void {
    const { cookie, accept } = this.#options
    if (cookie !== null) {
      const { name, path = '/', domain } = cookie
      ctx.response.clearCookie(name, { path, ...(domain === undefined ? {} : { domain }) })
    }
    for (const source of accept) if (source.cookie !== null) ctx.response.clearCookie(source.cookie)
  }

  async #check({ text, source }: Presented): Promise<LucidSession> {
    const token = source === null ? parseToken(this.#options.tokenPrefix, text) : null
    if (token !== null && hasChecksum(token.secret)) {
      const row = await this.#table.find(token.id)
      if (row !== null && sameHash(row.hash, hashSecret(token.secret))) return await this.#use(row)
    }
    const sources =
      source === null ? this.#options.accept.filter((each) => each.cookie === null) : [source]
    for (const each of sources) {
      const row = await this.#accept(each, text)
      if (row !== null) return await this.#use(row)
    }
    throw this.#invalid()
  }

  /** The session that another system's token has become, or becomes now. */
  async #accept(source: TokenSource, text: string): Promise<LucidSession | null> {
    const token = source.parse(text)
    if (token === null) return null
    const hash = hashSecret(token.secret)
    const known = await this.#table.findByHash(hash)
    if (known !== null) return known
    const found = await findAccepted(source, token, {
      client: this.#table.client(),
      hash,
      now: this.#options.now(),
      framework: await loadFramework(),
    })
    if (found === null) return null
    const made = await this.#write({}, async (write) =>
      // Of two requests that bring the same token, one takes its row and makes the session.
      (await takeAccepted(source, hash, write.trx))
        ? await this.#insert({ ...found, hash }, write)
        : null,
    )
    return made ?? (await this.#table.findByHash(hash))
  }

  async #use(row: LucidSession): Promise<LucidSession> {
    const { now, touchEveryMs } = this.#options
    if (!this.#table.isLive(row)) {
      await this.#end([row], 'expired', {})
      throw this.#invalid()
    }
    if (row.usedAt === null || now() - row.usedAt.toMillis() >= touchEveryMs) {
      const { DateTime } = await loadFramework()
      const usedAt = DateTime.fromMillis(now())
      if (!(await this.#table.update(row, { usedAt }, this.#table.client()))) throw this.#invalid()
    }
    return row
  }
}
