import { LatchkeyError } from '../../core/errors.ts'
import { parseDuration } from './duration.ts'
import { InvalidSessionError } from './errors.ts'
import type { SessionEndReason } from './events.ts'
import { loadFramework } from './framework.ts'
import type { CookieContext, RequestContext } from './http-context.ts'
import type { LucidClient, LucidSession, SessionModel, SessionUser } from './lucid.ts'
import { type ResolvedOptions, resolveOptions, type SessionManagerOptions } from './options.ts'
import { type PruneOptions, pruneSessions } from './prune.ts'
import { lockUser, SessionTable, userKeyOf, wholeSecond } from './session-table.ts'
import { createSecret, hashSecret } from './session-token.ts'
import { type ClientOption, SessionWriter } from './session-writer.ts'
import { TokenCheck } from './token-check.ts'

/** Options of `create`. */
export interface CreateSessionOptions extends ClientOption {
  /** The session's life: seconds, or a text such as `1h`. Default: the manager's `expiresIn`. */
  readonly expiresIn?: string | number
}

/** Options of `revoke`. */
export interface RevokeOptions extends ClientOption {
  /** Default `revoked`. */
  readonly reason?: SessionEndReason
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
  readonly #writer: SessionWriter
  readonly #check: TokenCheck
  readonly #checked = new WeakMap<RequestContext, { text: string; row: Promise<LucidSession> }>()

  /** Throws `invalid_request` for an option that makes no sense. */
  constructor(model: M, options: SessionManagerOptions = {}) {
    this.#options = resolveOptions(options)
    this.#table = new SessionTable(model, this.#options)
    this.#writer = new SessionWriter(this.#table, this.#options)
    this.#check = new TokenCheck(this.#table, this.#writer, this.#options)
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
    const row = await this.#writer.write(options, async (write) => {
      await lockUser(user, owner, write.trx)
      const expiresAtMs = lifetimeMs === null ? null : this.#options.now() + lifetimeMs
      const secret = createSecret(this.#options.secretSize)
      const made = await this.#writer.insert(
        { owner, hash: hashSecret(secret), expiresAtMs },
        write,
      )
      await this.#writer.keepLimit(made, write)
      await this.#writer.giveToken(made, secret)
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
    const presented = this.#check.presentedBy(ctx)
    let checked = this.#checked.get(ctx)
    if (checked?.text !== presented.text) {
      checked = { text: presented.text, row: this.#check.check(presented) }
      this.#checked.set(ctx, checked)
    }
    try {
      const row = await checked.row
      if (row.$isDeleted) throw this.#check.invalid()
      return row as unknown as InstanceType<M>
    } catch (error) {
      // A failure of the database is no answer to keep.
      if (!(error instanceof InvalidSessionError)) this.#checked.delete(ctx)
      throw error
    }
  }

  /** The session of a token that did not come in a request. Throws as `authenticate` does. */
  async verify(token: string): Promise<InstanceType<M>> {
    return (await this.#check.check({ text: token, source: null })) as unknown as InstanceType<M>
  }

  /**
   * Gives a session a new secret and a new life (`expiresIn`, else the manager's; without either its expiry stays); the old token is
   * refused from then on. Returns the row, with the new `value` and `secret`. Throws `InvalidSessionError` where the session is over or was renewed meanwhile.
   */
  async renew(
    session: InstanceType<M>,
    options: CreateSessionOptions = {},
  ): Promise<InstanceType<M>> {
    const row = session as unknown as LucidSession
    const lifetimeMs = this.#lifetimeOf(options)
    const { DateTime } = await loadFramework()
    if (row.$isDeleted || !this.#table.isLive(this.#table.timesOf(row))) throw this.#check.invalid()
    const now = this.#options.now()
    const secret = createSecret(this.#options.secretSize)
    const changes = {
      hash: hashSecret(secret),
      usedAt: DateTime.fromMillis(now),
      expiresAt: lifetimeMs === null ? row.expiresAt : wholeSecond(now + lifetimeMs, DateTime),
    }
    if (!(await this.#table.update(row, changes, this.#writer.client(options))))
      throw this.#check.invalid()
    await this.#writer.giveToken(row, secret)
    return session
  }

  /** Ends a session; whether it was still there. */
  async revoke(session: InstanceType<M>, options: RevokeOptions = {}): Promise<boolean> {
    const row = session as unknown as LucidSession
    return await this.#writer.endRow(row, options.reason ?? 'revoked', options)
  }

  /** Ends all sessions of a session's user but that one; how many. */
  async revokeOthers(session: InstanceType<M>, options: ClientOption = {}): Promise<number> {
    const own = this.#table.timesOf(session as unknown as LucidSession)
    const all = await this.#table.timesOfOwner(own.owner, this.#writer.client(options))
    const others = all.filter((each) => this.#writer.byKey(each, own) !== 0)
    return await this.#writer.end(others, 'revoked', options)
  }

  /** Ends all sessions of a user; how many. */
  async revokeAll(user: SessionUser, options: ClientOption = {}): Promise<number> {
    const all = await this.#table.timesOfOwner(userKeyOf(user), this.#writer.client(options))
    return await this.#writer.end(all, 'revoked', options)
  }

  /** The live sessions of a user, newest first. */
  async list(user: SessionUser, options: ClientOption = {}): Promise<InstanceType<M>[]> {
    const all = await this.#table.ofOwner(userKeyOf(user), this.#writer.client(options))
    const live = all
      .map((row) => ({ row, ...this.#table.timesOf(row) }))
      .filter((each) => this.#table.isLive(each))
      .sort((a, b) => this.#writer.byAge(b, a))
    return live.map(({ row }) => row as unknown as InstanceType<M>)
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

  /** Clears every cookie that a token may come in, that of an accepted remember-me token included. */
  clearCookies(ctx: CookieContext): void {
    this.#check.clearCookies(ctx)
  }

  /** The error of a request without a valid session. */
  refusal(): InvalidSessionError {
    return this.#check.invalid()
  }

  #lifetimeOf({ expiresIn }: CreateSessionOptions): number | null {
    return expiresIn === undefined
      ? this.#options.expiresInMs
      : parseDuration('expiresIn', expiresIn)
  }
}
