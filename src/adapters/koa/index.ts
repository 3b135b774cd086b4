import type { IncomingMessage } from 'node:http'
import { NodeHeaders } from '../../http/index.ts'
import {
  type AuthenticationOptions,
  asWebError,
  authenticationStep,
  exchangeOf,
  type ImpersonationOptions,
  impersonationStep,
  openExchange,
  type RequireOptions,
  requireFreshStep,
  requireLoginStep,
  requireScopeStep,
  type SessionOptions,
  sessionConfig,
  sessionStep,
  showOn,
  type WebStep,
} from '../../web/index.ts'

export {
  clearSessionCookie,
  getSession,
  readSessionCookie,
  writeSessionCookie,
} from '../../web/index.ts'

/** What the middleware uses of Koa's context. */
export interface KoaContext {
  /** The request of `node:http`. */
  readonly req: IncomingMessage
  /** The path and the query as received. */
  readonly originalUrl: string
  /** The status of the answer. */
  status: number
  /** The body of the answer. */
  body: unknown
  /** Sets headers of the answer. */
  set(field: Record<string, string>): void
  /** Adds a header to the answer. */
  append(field: string, value: string | string[]): void
}

/** A middleware of Koa 2 and 3. */
export type KoaMiddleware = (ctx: KoaContext, next: () => Promise<unknown>) => Promise<void>

/**
 * Gives each request its session (`ctx.session`) and, before `authentication`, the anonymous token (`ctx.auth`). Data that has changed is
 * stored after the handlers, before the answer is sent; not if a handler throws. Throws `invalid_request` for options that are not
 * valid.
 */
export function sessions(options: SessionOptions): KoaMiddleware {
  const config = sessionConfig(options)
  return async (ctx, next) => {
    const { req } = ctx
    const exchange = openExchange(
      config,
      {
        headers: new NodeHeaders(req.headers),
        method: req.method ?? 'GET',
        url: ctx.originalUrl,
        peer: req.socket.remoteAddress ?? null,
        encrypted: Reflect.get(req.socket, 'encrypted') === true,
        native: ctx,
      },
      req,
    )
    showOn(ctx)
    await run(sessionStep, ctx, next)
    try {
      const cookies = exchange.needsCommit() ? await exchange.commit() : exchange.setCookies
      for (const cookie of cookies) ctx.append('set-cookie', cookie)
    } catch (error) {
      throw asWebError(error)
    }
  }
}

/** Finds the user of each request: `ctx.auth` is its token. Throws `invalid_request` for options that are not valid. */
export function authentication(options: AuthenticationOptions): KoaMiddleware {
  return middleware(authenticationStep(options))
}

/** Permits impersonation, and checks at each request that it is still permitted. Install it after `authentication`. */
export function impersonation(options: ImpersonationOptions): KoaMiddleware {
  return middleware(impersonationStep(options))
}

/** Answers 401 without a login, or redirects a page to the login page. */
export function requireLogin(options?: RequireOptions): KoaMiddleware {
  return middleware(requireLoginStep(options))
}

/** Answers 401 without a login, and 403 without every one of the scopes. */
export function requireScope(...scopes: readonly string[]): KoaMiddleware {
  return middleware(requireScopeStep(...scopes))
}

/** Answers 401 (`step_up_required`) unless the user has given its password in the last minutes, 15 by default. */
export function requireFresh(minutes?: number, options?: RequireOptions): KoaMiddleware {
  return middleware(requireFreshStep(minutes, options))
}

function middleware(step: WebStep): KoaMiddleware {
  return (ctx, next) => run(step, ctx, next)
}

async function run(step: WebStep, ctx: KoaContext, next: () => Promise<unknown>): Promise<void> {
  const reply = await stepOrThrow(step, ctx)
  if (reply === null) {
    await next()
    return
  }
  ctx.status = reply.status
  ctx.body = reply.body
  ctx.set({ ...reply.headers })
}

async function stepOrThrow(step: WebStep, ctx: KoaContext) {
  try {
    return await step(exchangeOf(ctx))
  } catch (error) {
    throw asWebError(error)
  }
}
