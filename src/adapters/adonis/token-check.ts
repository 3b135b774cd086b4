import { findAccepted, type TokenSource, takeAccepted } from './accepted-tokens.ts'
import { InvalidSessionError } from './errors.ts'
import { loadFramework } from './framework.ts'
import { bearerOf, type CookieContext, type RequestContext } from './http-context.ts'
import type { LucidSession } from './lucid.ts'
import type { ResolvedOptions } from './options.ts'
import type { SessionTable } from './session-table.ts'
import { hasChecksum, hashSecret, parseToken, sameHash } from './session-token.ts'
import type { SessionWriter } from './session-writer.ts'

/** A token as a request has it, and the one source that may accept it; null: any that takes bearer tokens. */
export interface PresentedToken {
  readonly text: string
  readonly source: TokenSource | null
}

/** What finds the session of a token. */
export class TokenCheck {
  readonly #table: SessionTable
  readonly #writer: SessionWriter
  readonly #options: ResolvedOptions

  constructor(table: SessionTable, writer: SessionWriter, options: ResolvedOptions) {
    this.#table = table
    this.#writer = writer
    this.#options = options
  }

  /** The token of a request: a bearer token, else the manager's cookie, else the cookie of a source. */
  presentedBy(ctx: RequestContext): PresentedToken {
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

  /** Clears every cookie that a token may come in. */
  clearCookies(ctx: CookieContext): void {
    const { cookie, accept } = this.#options
    if (cookie !== null) {
      const { name, path = '/', domain } = cookie
      ctx.response.clearCookie(name, { path, ...(domain === undefined ? {} : { domain }) })
    }
    for (const source of accept) if (source.cookie !== null) ctx.response.clearCookie(source.cookie)
  }

  /** The live session of a token. Throws `InvalidSessionError`. */
  async check({ text, source }: PresentedToken): Promise<LucidSession> {
    const token = source === null ? parseToken(this.#options.tokenPrefix, text) : null
    if (token !== null && hasChecksum(token.secret)) {
      const row = await this.#table.find(token.id)
      if (row !== null && sameHash(row.hash, hashSecret(token.secret))) return await this.#use(row)
    }
    const bearers = () => this.#options.accept.filter((each) => each.cookie === null)
    for (const each of source === null ? bearers() : [source]) {
      const row = await this.#accept(each, text)
      if (row !== null) return await this.#use(row)
    }
    throw this.invalid()
  }

  invalid(): InvalidSessionError {
    return new InvalidSessionError(this.#options.invalidMessage)
  }

  /** The session that another system's token has become, or becomes now. */
  async #accept(source: TokenSource, text: string): Promise<LucidSession | null> {
    const token = source.parse(text)
    if (token === null) return null
    const hash = hashSecret(token.secret)
    const known = await this.#table.findByHash(hash)
    if (known !== null) return known
    const now = this.#options.now()
    const found = await findAccepted(source, token, {
      client: this.#table.client(),
      hash,
      now,
      framework: await loadFramework(),
    })
    const made =
      found &&
      (await this.#writer.write({}, async (write) =>
        (await takeAccepted(source, hash, write.trx))
          ? await this.#writer.insert(
              { ...found, hash, acceptedFromMs: found.createdAtMs ?? now },
              write,
            )
          : null,
      ))
    // Of requests that bring the same token at once, one takes its row and makes the session; the others find it now.
    return made ?? (await this.#table.findByHash(hash))
  }

  async #use(row: LucidSession): Promise<LucidSession> {
    const { now, touchEveryMs } = this.#options
    if (!this.#table.isLive(this.#table.timesOf(row))) {
      await this.#writer.endRow(row, 'expired')
      throw this.invalid()
    }
    if (row.usedAt === null || now() - row.usedAt.toMillis() >= touchEveryMs) {
      const { DateTime } = await loadFramework()
      const usedAt = DateTime.fromMillis(now())
      // Not there any more, or with another secret: it was ended or renewed since it was read.
      if (!(await this.#table.update(row, { usedAt }, this.#table.client()))) throw this.invalid()
    }
    return row
  }
}
