import type { Attempt, Refusal, VerifiedLogin } from '../core/index.ts'
import { PROVIDER_TIMEOUT_MS, withDeadline } from './deadline.ts'
import { exchangeOf } from './exchange.ts'
import { keysOf, type SecretKey } from './fingerprint.ts'
import { keepKeys } from './fingerprint-keys.ts'
import { type AnyGuard, throttle } from './guards.ts'
import { loginUser } from './login-user.ts'
import type { PasswordVerifier } from './password-verifier.ts'
import { endSession } from './session-operations.ts'
import type { UserLike } from './user.ts'
import type { UserProvider } from './user-provider.ts'
import { type AuthenticatedToken, anonymousToken, type UserToken } from './user-token.ts'
import { webErrorOf } from './web-error.ts'
import type { WebExchange } from './web-exchange.ts'

/** Options of {@link LoginManager}. */
export interface LoginManagerOptions<User extends UserLike> {
  /** Guards of every login, which run before those of a call. */
  readonly guards?: readonly AnyGuard<User>[]
  /** Whether failed logins are slowed down by the guard `throttle`. True by default. */
  readonly throttle?: boolean
  /** How long the provider and the verifier may take, each: 10,000 ms by default. */
  readonly timeoutMs?: number
}

/** Options of one login. */
export interface LoginOptions<User extends UserLike> {
  /** Guards of this login, which run after those of the manager. */
  readonly guards?: readonly AnyGuard<User>[]
  /** Whether the browser keeps the login after the session has expired. False by default. */
  readonly remember?: boolean
}

interface Proof<User extends UserLike> {
  readonly user: User
  readonly epochs?: VerifiedLogin['epochs']
}

/** Logs users of an application in and out. */
export class LoginManager<User extends UserLike = UserLike> {
  readonly #users: UserProvider<User>
  readonly #verifier: PasswordVerifier
  readonly #keys: readonly string[]
  readonly #options: LoginManagerOptions<User>
  readonly #timeoutMs: number
  // A hash to verify against for unknown users, if the verifier cannot do that work by itself.
  #sampleHash: string | null = null

  /**
   * `secretKey` makes the fingerprints of password hashes. To replace it, give a list: the first key is used, the others are accepted.
   * Throws `invalid_request` for an empty key.
   */
  constructor(
    users: UserProvider<User>,
    verifier: PasswordVerifier,
    secretKey: SecretKey,
    options: LoginManagerOptions<User> = {},
  ) {
    this.#users = users
    this.#verifier = verifier
    this.#keys = keysOf(secretKey)
    this.#options = options
    this.#timeoutMs = options.timeoutMs ?? PROVIDER_TIMEOUT_MS
    keepKeys(users, this.#keys)
  }

  /**
   * Verifies a credential and logs the user in. Returns the anonymous token for an unknown user and a wrong credential, with the same
   * work and nothing changed. An error of a guard is thrown unchanged, and nothing is written. Throws `throttled`, `origin_refused`,
   * `timeout`, `unavailable`, `actor_suspended`.
   */
  async login(
    request: object,
    identity: string,
    credential: string,
    options: LoginOptions<User> = {},
  ): Promise<UserToken<User>> {
    const exchange = exchangeOf(request)
    exchange.checkOrigin()
    if (typeof identity !== 'string' || typeof credential !== 'string') return anonymousToken
    const proof = await this.#prove(exchange, { identity, credential, options })
    if (proof === null) return anonymousToken
    const { user, epochs } = proof
    return loginUser(exchange.request.native, user, this.#keys, {
      users: this.#users,
      remember: options.remember ?? false,
      ...(epochs === undefined ? {} : { epochs }),
    })
  }

  /** Logs a user in as `login` does. Returns null in place of the anonymous token. */
  async loginOrNull(
    request: object,
    identity: string,
    credential: string,
    options: LoginOptions<User> = {},
  ): Promise<AuthenticatedToken<User> | null> {
    const token = await this.login(request, identity, credential, options)
    return token.isAuthenticated ? token : null
  }

  /**
   * Ends the session of a request, its impersonation and its remembered login, and removes their cookies. The data is destroyed. Does
   * nothing for a request without a session. Throws `origin_refused`.
   */
  async logout(request: object): Promise<void> {
    const exchange = exchangeOf(request)
    exchange.checkOrigin()
    await endSession(exchange, 'logged_out')
    exchange.forget({ clear: true })
  }

  async #prove(
    exchange: WebExchange,
    login: {
      readonly identity: string
      readonly credential: string
      readonly options: LoginOptions<User>
    },
  ): Promise<Proof<User> | null> {
    const { identity } = login
    const guards = [...(this.#options.guards ?? []), ...(login.options.guards ?? [])]
    const user = await this.#ask(() => this.#users.findByUsername(identity))
    const { native } = exchange.request
    const attempts: Attempt[] = []
    let proof: Proof<User> | null = null
    try {
      const early = this.#throttles() ? [throttle, ...guards] : guards
      for (const guard of early) {
        if (typeof guard === 'function') continue
        const attempt = await guard.check(native, user, { identity, user })
        if (isAttempt(attempt)) attempts.push(attempt)
      }
      proof = await this.#verify(exchange, user, login)
      if (proof === null) {
        for (const attempt of attempts) attempt.failed()
        return null
      }
    } catch (error) {
      await Promise.all(attempts.map((attempt) => attempt.withdraw()))
      throw error
    }
    // Awaited before the guards: a proof that was right is not counted as a failure if a guard refuses.
    const { user: proven } = proof
    await Promise.all(attempts.map((attempt) => attempt.succeeded(String(proven.getId()))))
    for (const guard of guards) {
      if (typeof guard === 'function') await guard(native, proven)
    }
    return proof
  }

  // A provider that verifies by itself counts attempts by itself.
  #throttles(): boolean {
    return this.#options.throttle !== false && this.#users.verifyLogin === undefined
  }

  async #verify(
    exchange: WebExchange,
    user: User | null,
    { identity, credential }: { readonly identity: string; readonly credential: string },
  ): Promise<Proof<User> | null> {
    const { verifyLogin } = this.#users
    if (verifyLogin !== undefined) {
      const verified = await verifyLogin({ identity, credential }, exchange.source)
      return verified.ok ? verified : refusedLogin(verified)
    }
    if (user === null) {
      await this.#ask(() => this.#verifyUnknown(credential))
      return null
    }
    const hashed = user.getHashedPassword()
    this.#sampleHash = hashed
    const right = await this.#ask(() => this.#verifier.verify(credential, hashed))
    return right === true ? { user } : null
  }

  #verifyUnknown(credential: string): unknown {
    const verifier = this.#verifier
    if (verifier.verifyUnknown !== undefined) return verifier.verifyUnknown(credential)
    return this.#sampleHash === null ? null : verifier.verify(credential, this.#sampleHash)
  }

  async #ask<T>(call: () => T | Promise<T>): Promise<T> {
    return withDeadline('The user provider or the password verifier', call, this.#timeoutMs)
  }
}

function isAttempt(value: unknown): value is Attempt {
  return typeof value === 'object' && value !== null && 'withdraw' in value && 'succeeded' in value
}

function refusedLogin(refusal: Refusal): null {
  if (refusal.code === 'credentials_invalid') return null
  throw webErrorOf(refusal)
}
