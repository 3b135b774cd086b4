import { type LoginGuardOptions, loginHeaders } from './login-guard.ts'
import type { SessionModel, SessionUser } from './lucid.ts'
import type { CreateSessionOptions } from './session-manager.ts'

/** The part of Japa's API client that is used. */
interface JapaRequest {
  headers(headers: Readonly<Record<string, string>>): unknown
}
interface JapaModule {
  readonly ApiClient: { setup(hook: (request: JapaRequest) => Promise<void>): void }
  readonly ApiRequest: {
    macro(
      name: string,
      method: (this: JapaRequest, user: SessionUser, options?: CreateSessionOptions) => JapaRequest,
    ): void
  }
}

const JAPA: string = '@japa/api-client'

/**
 * A Japa plugin for applications without `@adonisjs/auth`: `client.get('/me').loginAs(user)` sends the token of a new session.
 * With `@adonisjs/auth` its own `authApiClient` does that through the login guard.
 */
export function sessionApiClient<M extends SessionModel>(options: LoginGuardOptions<M>) {
  return async (): Promise<void> => {
    const { ApiClient, ApiRequest } = (await import(JAPA)) as JapaModule
    const logins = new WeakMap<JapaRequest, readonly [SessionUser, CreateSessionOptions]>()
    ApiRequest.macro('loginAs', function (user, createOptions = {}) {
      logins.set(this, [user, createOptions])
      return this
    })
    ApiClient.setup(async (request) => {
      const login = logins.get(request)
      if (login === undefined) return
      const { manager } = (await options.model()).default
      request.headers({ ...(await loginHeaders(manager, ...login)).headers })
    })
  }
}
