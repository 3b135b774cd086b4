import { LatchkeyError } from '../../core/errors.ts'
import type { Line } from './line.ts'
import type { AngenUser } from './messages.ts'
import { type AngenTokenStore, type StoredToken, storedToken } from './token-store.ts'

/** Who logs in, by any one of the three. */
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
  /** Asked where no pair is kept, or none that the server takes. Null gives up. */
  readonly getCredentials: (signal: AbortSignal) => Promise<AngenCredentials | null>
  readonly signal: AbortSignal
}

/** The share of a pair's life after which it is renewed, and how far clients lie apart around it. */
const RENEW_AT = 0.8
const SPREAD = 0.1

/**
 * Keeps a pair of codes alive. A renewal is done once however many processes share the store, is stored before it is used, and
 * where its answer or its storing was lost is done again with the same codes: within the grace (30 s) the server gives the same
 * successor. A process that is killed between answer and storing heals so too, if one of them is back within the grace; after
 * it, the server takes the old codes for stolen ones, ends the session, and the password is asked for.
 */
export class TokenKeeper {
  readonly #options: TokenKeeperOptions
  /** Where each client lies in the spread. */
  readonly #spread = RENEW_AT + (Math.random() - 0.5) * SPREAD
  #token: StoredToken | null = null
  /** What the server gave for a pair, or for a password, as long as it could not be stored. */
  #unsaved: { readonly instead: string | null; readonly token: StoredToken } | null = null
  /** What was answered when the password was asked for, until the server has had its say. */
  #credentials: AngenCredentials | null = null

  constructor(options: TokenKeeperOptions) {
    this.#options = options
  }

  /** When the pair is to be renewed; never where there is none. */
  get renewAt(): number {
    if (this.#token === null) return Number.POSITIVE_INFINITY
    const { obtained_at: from, expires_at: until } = this.#token
    return from + (Date.parse(until) - from) * this.#spread
  }

  /**
   * Logs a connection in: with the pair that is kept, renewed if it is no longer taken, or else with a password, which is
   * asked for once. Throws `token_missing` where there is none, and what the server refused.
   */
  async logIn(line: Line): Promise<AngenUser> {
    const kept = await this.#options.store.load()
    const user = kept === null ? null : await this.#present(line, kept)
    if (user !== null) return user
    const renewed = kept === null ? null : await this.#exchange(line, kept)
    const again = renewed === null ? null : await this.#present(line, renewed)
    return again ?? (await this.#begin(line, renewed ?? kept))
  }

  /** Renews the pair, or takes over what another process has renewed. Where there is none any more, it has none from then on. */
  async renew(line: Line): Promise<void> {
    if (this.#token !== null) this.#token = await this.#exchange(line, this.#token)
  }

  /** Forgets the pair, unless somebody has put another in its place. */
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

  /** The pair that comes after one: that which is kept, if it is another, or else a new one. Null where there is none. */
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
      // Whoever waited here while another process logged in has its pair.
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

  /** Asks for a pair and stores it. One that could not be stored is not asked for again. */
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

/** Whether the server says that a pair is of no use any more. */
function isDead(error: unknown): boolean {
  return error instanceof LatchkeyError && DEAD.has(error.code)
}
