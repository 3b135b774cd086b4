import {
  type AuthenticationOptions,
  asWebError,
  authenticationStep,
  exchangeOf,
  type ImpersonationOptions,
  impersonationStep,
  openExchange,
  pathAndQuery,
  type RequestSession,
  type RequireOptions,
  requireFreshStep,
  requireLoginStep,
  requireScopeStep,
  type SessionOptions,
  sessionConfig,
  sessionStep,
  type UserToken,
  type WebStep,
} from '../../web/index.ts'

export {
  clearSessionCookie,
  getSession,
  readSessionCookie,
  writeSessionCookie,
} from '../../web/index.ts'

/** What the middleware uses of Hono's context. */
export interface HonoContext {
  /** The request, with the `Request` that Hono got. */
  readonly req: { readonly raw: Request }
  /** The bindings of the server. */
  readonly env: unknown
  /** Sets a value for handlers. */
  set(key: string, value: unknown): void
  /** Sets a header of the answer, or adds it. */
  header(name: string, value: string, options: { readonly append: boolean }): void
}

/** A middleware of Hono 4. */
export type HonoMiddleware = (
  c: HonoContext,
  next: () => Promise<void>,
) => Promise<Response | undefined>

/** What the middleware sets: `new Hono<{ Variables: HonoVariables }>()` types `c.get('session')` and `c.get('auth')`. */
export interface HonoVariables {
  /** The data of the request's session. */
  session: RequestSession
  /** The token of the request's user. */
  auth: UserToken
}

/** Options of `sessions`. */
export interface HonoSessionOptions extends SessionOptions {
  /** Returns the address of the peer. By default that of `@hono/node-server`; unknown on other servers. */
  readonly peer?: (c: HonoContext) => string | null
}

/**
 * Gives each request its session (`c.get('session')`) and, before `authentication`, the anonymous token (`c.get('auth')`). Data that has
 * changed is stored before the answer is sent. Throws `invalid_request` for options that are not valid.
 */
export function sessions({ peer = nodePeer, ...options }: HonoSessionOptions): HonoMiddleware {
  const config = sessionConfig(options)
  return async (c, next) => {
    const { headers, method, url } = c.req.raw
    const exchange = openExchange(
      config,
      {
        headers,
        method,
        url: pathAndQuery(url),
        peer: peer(c),
        encrypted: url.startsWith('https:'),
        native: c,
      },
      c.req.raw,
    )
    exchange.onReplaced = () => {
      c.set('session', exchange.session)
      c.set('auth', exchange.auth)
    }
    const response = await run(sessionStep, c, async () => {
      exchange.onReplaced?.()
      await next()
    })
    if (response !== undefined) return response
    try {
      const cookies = exchange.needsCommit() ? await exchange.commit() : exchange.setCookies
      for (const cookie of cookies) c.header('set-cookie', cookie, { append: true })
    } catch (error) {
      throw asWebError(error)
    }
    return undefined
  }
}

/** Finds the user of each request: `c.get('auth')` is its token. Throws `invalid_request` for options that are not valid. */
export function authentication(options: AuthenticationOptions): HonoMiddleware {
  return middleware(authenticationStep(options))
}

/** Permits impersonation, and checks at each request that it is still permitted. Install it after `authentication`. */
export function impersonation(options: ImpersonationOptions): HonoMiddleware {
  return middleware(impersonationStep(options))
}

/** Answers 401 without a login, or redirects a page to the login page. */
export function requireLogin(options?: RequireOptions): HonoMiddleware {
  return middleware(requireLoginStep(options))
}

/** Answers 401 without a login, and 403 without every one of the scopes. */
export function requireScope(...scopes: readonly string[]): HonoMiddleware {
  return middleware(requireScopeStep(...scopes))
}

/** Answers 401 (`step_up_required`) unless the user has given its password in the last minutes, 15 by default. */
export function requireFresh(minutes?: number, options?: RequireOptions): HonoMiddleware {
  return middleware(requireFreshStep(minutes, options))
}

function middleware(step: WebStep): HonoMiddleware {
  return async (c, next) => run(step, c, next)
}

async function run(
  step: WebStep,
  c: HonoContext,
  next: () => Promise<void>,
): Promise<Response | undefined> {
  const reply = await stepOrThrow(step, c)
  if (reply !== null) {
    const { status, headers, body } = reply
    return new Response(body, { status, headers })
  }
  await next()
  return undefined
}

async function stepOrThrow(step: WebStep, c: HonoContext) {
  try {
    return await step(exchangeOf(c))
  } catch (error) {
    throw asWebError(error)
  }
}

function nodePeer(c: HonoContext): string | null {
  const incoming: unknown = Reflect.get(Object(c.env), 'incoming')
  const address: unknown = Reflect.get(
    Object(Reflect.get(Object(incoming), 'socket')),
    'remoteAddress',
  )
  return typeof address === 'string' ? address : null
}
