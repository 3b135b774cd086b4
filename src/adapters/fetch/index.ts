import { refusalOf } from '../../core/errors.ts'
import { LatchkeyError } from '../../core/index.ts'
import { problem } from '../../http/index.ts'
import {
  type AuthenticationOptions,
  authenticationStep,
  exchangeOf,
  type ImpersonationOptions,
  impersonationStep,
  openExchange,
  pathAndQuery,
  type RequireOptions,
  requireFreshStep,
  requireLoginStep,
  requireScopeStep,
  type SessionOptions,
  sessionConfig,
  sessionStep,
  type WebStep,
} from '../../web/index.ts'

export {
  clearSessionCookie,
  getSession,
  readSessionCookie,
  writeSessionCookie,
} from '../../web/index.ts'

/** A middleware over `Request` and `Response`: it answers by itself, or with what `next` answers. Pass the same `Request` on. */
export type FetchMiddleware = (
  request: Request,
  next: (request: Request) => Promise<Response>,
) => Promise<Response>

/** Options of `sessions`. */
export interface FetchSessionOptions extends SessionOptions {
  /** Returns the address of the peer, which a `Request` does not contain: throttling counts by it. Unknown by default. */
  readonly peer?: (request: Request) => string | null
}

/**
 * Gives each request its session, which `sessionOf(request)` returns. Data that has changed is stored before the response is returned.
 * Throws `invalid_request` for options that are not valid.
 */
export function sessions({ peer, ...options }: FetchSessionOptions): FetchMiddleware {
  const config = sessionConfig(options)
  return async (request, next) => {
    const { headers, method, url } = request
    const encrypted = url.startsWith('https:')
    const exchange = openExchange(config, {
      headers,
      method,
      url: pathAndQuery(url),
      peer: peer?.(request) ?? null,
      encrypted,
      native: request,
    })
    const response = await run(sessionStep, request, next)
    const cookies = exchange.needsCommit() ? await exchange.commit() : exchange.setCookies
    return withCookies(response, cookies)
  }
}

/** Finds the user of each request: `authOf(request)` returns its token. Throws `invalid_request` for options that are not valid. */
export function authentication(options: AuthenticationOptions): FetchMiddleware {
  return middleware(authenticationStep(options))
}

/** Permits impersonation, and checks at each request that it is still permitted. Install it after `authentication`. */
export function impersonation(options: ImpersonationOptions): FetchMiddleware {
  return middleware(impersonationStep(options))
}

/** Answers 401 without a login, or redirects a page to the login page. */
export function requireLogin(options?: RequireOptions): FetchMiddleware {
  return middleware(requireLoginStep(options))
}

/** Answers 401 without a login, and 403 without every one of the scopes. */
export function requireScope(...scopes: readonly string[]): FetchMiddleware {
  return middleware(requireScopeStep(...scopes))
}

/** Answers 401 (`step_up_required`) unless the user has given its password in the last minutes, 15 by default. */
export function requireFresh(minutes?: number, options?: RequireOptions): FetchMiddleware {
  return middleware(requireFreshStep(minutes, options))
}

/**
 * Returns a handler that runs middleware in order and then `handler`, which also gets the further arguments (the context of a Next.js
 * route). A `LatchkeyError` is answered as a problem (RFC 9457); other errors are thrown.
 */
export function compose<Rest extends readonly unknown[]>(
  middlewares: readonly FetchMiddleware[],
  handler: (request: Request, ...rest: Rest) => Response | Promise<Response>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  return async (request, ...rest) => {
    const from = async (at: number, received: Request): Promise<Response> => {
      const one = middlewares[at]
      return one === undefined
        ? handler(received, ...rest)
        : one(received, (passed) => from(at + 1, passed))
    }
    try {
      return await from(0, request)
    } catch (error) {
      if (error instanceof LatchkeyError) return problem(refusalOf(error))
      throw error
    }
  }
}

function middleware(step: WebStep): FetchMiddleware {
  return (request, next) => run(step, request, next)
}

async function run(
  step: WebStep,
  request: Request,
  next: (request: Request) => Promise<Response>,
): Promise<Response> {
  const reply = await step(exchangeOf(request))
  if (reply === null) return next(request)
  const { status, headers, body } = reply
  return new Response(body, { status, headers })
}

function withCookies(response: Response, cookies: readonly string[]): Response {
  if (cookies.length === 0) return response
  // The headers of a redirect or of a fetched response cannot be changed.
  const changed = new Response(response.body, response)
  for (const cookie of cookies) changed.headers.append('set-cookie', cookie)
  return changed
}
