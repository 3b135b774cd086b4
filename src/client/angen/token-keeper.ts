import { LatchkeyError } from '../../core/errors.ts'
import type { Line } from './line.ts'
import type { AngenUser } from './messages.ts'
import { type AngenTokenStore, type StoredToken, storedToken } from './token-store.ts'

/** The user that logs in, named by one of three fields, and the password. */
export interface AngenCredentials {
  /** The name of the user. */
  readonly name?: string
  /** The e-mail address of the user. One of `name`, `email` and `id` is needed. */
  readonly email?: string
  /** The id of the user. */
  readonly id?: string
  /** The password in clear text. */
  readonly password: string
}

export interface TokenKeeperOptions {
  readonly store: AngenTokenStore
  readonly userAgent: string
  readonly bot: boolean
  /** Called if no pair is stored that the server accepts. Null gives up. */
  readonly getCredentials: (signal: AbortSignal) => Promise<AngenCredentials | null>
  readonly signal: AbortSignal
}

/** The part of a pair's life after which it is renewed, and how far the clients are spread around it. */
const RENEW_AT = 0.8
const SPREAD = 0.1

/**
 * Renews a pair of codes in time. Processes that share the store renew it once. The next pair is stored before it is used. If the answer
 * or the write was lost, the renewal is repeated with the same codes: within the grace (30 s) the server returns the same successor,
 * and after it a new one as long as the lost one was not used. If the server refuses, the password is asked for.
 */
export class TokenKeeper {
  readonly #options: TokenKeeperOptions
  /** The position of this client in the spread. */
  readonly #spread = RENEW_AT + (Math.random() - 0.5) * SPREAD
  #token: StoredToken | null = null
  /** A pair that the server returned and that is not stored yet. */
  #unsaved: { readonly instead: string | null; readonly token: StoredToken } | null = null
  /** The credentials that were entered, until the server has answered. */
  #credentials: AngenCredentials | null = null

  constructor(options: TokenKeeperOptions) {
    this.#options = options
  }

  /** Returns when the pair is due for renewal; never if there is none. */
  get renewAt(): number {
    if (this.#token === null) return Number.POSITIVE_INFINITY
    const { obtained_at: from, expires_at: until } = this.#token
    return from + (Date.parse(until) - from) * this.#spread
  }

  /**
   * Logs a connection in: with the stored pair, renewed if the server refuses it, or with a password, which is asked for once. Throws
   * `token_missing` if there is none, and the server's refusal.
   */
  async logIn(line: Line): Promise<AngenUser> {
    const kept = await this.#options.store.load()
    const user = kept === null ? null : await this.#present(line, kept)
    if (user !== null) return user
    const renewed = kept === null ? null : await this.#exchange(line, kept)
    const again = renewed === null ? null : await this.#present(line, renewed)
    return again ?? (await this.#begin(line, renewed ?? kept))
  }

  /** Renews the pair, or takes the one that another process has renewed. If the store has none, there is none from then on. */
  async renew(line: Line): Promise<void> {
    if (this.#token !== null) this.#token = await this.#exchange(line, this.#token)
  }

  /** Removes the pair, unless another process has replaced it. */
  async drop(): Promise<void> {
    const token = this.#token
    this.#token = null
    if (token !== null) await this.#exclusively(() => this.#forget(token))
  }

  async #present(line: Line, token: StoredToken): Promise<AngenUser | null> {
    const { userAgent, bot, signal } = this.#options
    const command = {
      token: token.identifier_code,
      user_agent: userAgent,
      ...(bot ? { 'bot?': true } : {}),
    }
    try {
      const { user } = await line.request('auth/login', command, { signal })
      this.#token = token
      return user as AngenUser
    } catch (error) {
      if (isDead(error)) return null
      throw error
    }
  }

  /** Returns the successor of a pair: the stored one if it is another, else a new one. Null if there is none. */
  #exchange(line: Line, token: StoredToken): Promise<StoredToken | null> {
    return this.#exclusively(async () => {
      const kept = await this.#options.store.load()
      if (kept === null || kept.identifier_code !== token.identifier_code) return kept
      const { identifier_code, renewal_code } = token
      const codes = { identifier_code, renewal_code }
      try {
        return await this.#obtain(identifier_code, () => this.#ask(line, 'auth/renew', codes))
      } catch (error) {
        if (!isDead(error)) throw error
        // The pair stays stored: a refusal removes nothing, and a later login replaces it.
        return null
      }
    })
  }

  async #begin(line: Line, dead: StoredToken | null): Promise<AngenUser> {
    const { getCredentials, userAgent: user_agent, signal } = this.#options
    this.#credentials ??= await getCredentials(signal)
    const credentials = this.#credentials
    if (credentials === null) throw new LatchkeyError('token_missing', 'Log in first.')
    const token = await this.#exclusively(async () => {
      // Another process may have logged in meanwhile: its pair is used.
      const kept = await this.#options.store.load()
      if (kept !== null && kept.identifier_code !== dead?.identifier_code) return kept
      return await this.#obtain(null, () =>
        this.#ask(line, 'auth/get_token', { ...credentials, user_agent }),
      )
    })
    this.#credentials = null
    const user = await this.#present(line, token)
    if (user === null) throw new LatchkeyError('token_invalid', 'The server refuses what it gave.')
    return user
  }

  /** Requests a pair and stores it. One that could not be stored is kept, and not requested again. */
  async #obtain(instead: string | null, ask: () => Promise<StoredToken>): Promise<StoredToken> {
    if (this.#unsaved?.instead !== instead) this.#unsaved = { instead, token: await ask() }
    const { token } = this.#unsaved
    await this.#options.store.save(token)
    this.#unsaved = null
    return token
  }

  async #ask(line: Line, name: string, command: object): Promise<StoredToken> {
    const { token } = await line.request(name, command, { signal: this.#options.signal })
    const stored = storedToken({ ...(token as object), obtained_at: Date.now() })
    if (stored === null) throw new LatchkeyError('internal', `${name}: an answer without a token.`)
    return stored
  }

  async #forget(token: StoredToken): Promise<void> {
    const kept = await this.#options.store.load()
    if (kept?.identifier_code === token.identifier_code) await this.#options.store.save(null)
  }

  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const { store } = this.#options
    return store.exclusively === undefined ? work() : store.exclusively(work)
  }
}

const DEAD: ReadonlySet<string> = new Set(['token_invalid', 'session_expired', 'session_revoked'])

/** Returns whether a refusal means that the pair is no longer valid. */
function isDead(error: unknown): boolean {
  return error instanceof LatchkeyError && DEAD.has(error.code)
}
