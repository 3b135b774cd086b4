import { InvalidSessionError } from './errors.ts'
import type { CookieContext, RequestContext } from './http-context.ts'
import type { LucidSession, SessionModel, SessionUser } from './lucid.ts'
import type { CreateSessionOptions, SessionManager } from './session-manager.ts'

/** A session model with its manager, as `static manager = new SessionManager(Session)` makes it. */
export type ManagedModel<M extends SessionModel> = M & { readonly manager: SessionManager<M> }

/** The user of a session model's relation `user`. */
export type UserOf<M extends SessionModel> =
  InstanceType<M> extends { user: infer Related }
    ? Related extends { instance: infer User extends SessionUser }
      ? User
      : SessionUser
    : SessionUser

/** Options of `loginGuard`. */
export interface LoginGuardOptions<M extends SessionModel> {
  /** Imports the module whose default export is the session model. Its relation to the user is `user`. */
  readonly model: () => Promise<{ readonly default: ManagedModel<M> }>
}

/** What a test client sends to be logged in. */
export interface LoginHeaders {
  /** The header `Authorization` with the token. */
  readonly headers: { readonly authorization: string }
}

/**
 * A login guard for `@adonisjs/auth`: `auth.use('latchkey')`. It has the members that `@adonisjs/auth` expects of a guard, and the
 * session.
 */
export class LoginGuard<M extends SessionModel> {
  /** The name of the driver, which `@adonisjs/auth` shows in errors. */
  readonly driverName = 'latchkey'
  /** The user of the request, once it is authenticated. */
  user?: UserOf<M>
  /** The session of the request, once it is authenticated. */
  session?: InstanceType<M>
  /** Whether the request has a valid session. */
  isAuthenticated = false
  /** Whether `authenticate` or `check` was called for this request. */
  authenticationAttempted = false
  readonly #manager: SessionManager<M>
  readonly #ctx: RequestContext & CookieContext

  constructor(manager: SessionManager<M>, ctx: RequestContext & CookieContext) {
    this.#manager = manager
    this.#ctx = ctx
  }

  /** The user of the request's session. Throws `InvalidSessionError` without one. Asked again, it makes no query. */
  async authenticate(): Promise<UserOf<M>> {
    this.authenticationAttempted = true
    this.isAuthenticated = false
    const session = await this.#manager.authenticate(this.#ctx)
    if (this.user === undefined || this.session !== session) {
      const row = session as unknown as LucidSession
      const user = await row.related('user').query().first()
      // Without a foreign key a session can be left when its user is deleted.
      if (!user) throw this.#manager.refusal()
      row.$setRelated('user', user)
      this.user = user as UserOf<M>
      this.session = session
    }
    this.isAuthenticated = true
    return this.user
  }

  /** Whether the request has a valid session. */
  async check(): Promise<boolean> {
    try {
      await this.authenticate()
      return true
    } catch (error) {
      if (error instanceof InvalidSessionError) return false
      throw error
    }
  }

  /** The user of the request. Throws `InvalidSessionError` where it is not authenticated. */
  getUserOrFail(): UserOf<M> {
    if (this.user === undefined) throw this.#manager.refusal()
    return this.user
  }

  /** Makes a session for a user. The session's `value` is the token. */
  async login(user: SessionUser, options: CreateSessionOptions = {}): Promise<InstanceType<M>> {
    return await this.#manager.create(user, options)
  }

  /** Ends the session of the request, and clears the cookies that a token may come in; whether there was one. */
  async logout(): Promise<boolean> {
    const isLoggedIn = await this.check()
    this.#manager.clearCookies(this.#ctx)
    const session = this.session
    this.isAuthenticated = false
    delete this.user
    delete this.session
    if (!isLoggedIn || session === undefined) return false
    return await this.#manager.revoke(session, { reason: 'logged_out' })
  }

  /** The headers of a test client that is logged in as a user: `client.get('/me').loginAs(user)`. */
  async authenticateAsClient(
    user: UserOf<M>,
    options: CreateSessionOptions = {},
  ): Promise<LoginHeaders> {
    return await loginHeaders(this.#manager, user, options)
  }
}

/** Makes a session and the header that presents it. */
export async function loginHeaders<M extends SessionModel>(
  manager: SessionManager<M>,
  user: SessionUser,
  options: CreateSessionOptions,
): Promise<LoginHeaders> {
  const session = (await manager.create(user, options)) as unknown as LucidSession
  return { headers: { authorization: `Bearer ${session.value?.release()}` } }
}

/**
 * The entry of a login guard in the `guards` of `config/auth.ts`.
 */
export function loginGuard<M extends SessionModel>(options: LoginGuardOptions<M>) {
  return {
    async resolver(): Promise<(ctx: RequestContext & CookieContext) => LoginGuard<M>> {
      const { manager } = (await options.model()).default
      return (ctx) => new LoginGuard(manager, ctx)
    },
  }
}
