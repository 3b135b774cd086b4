import type { IncomingMessage, ServerResponse } from 'node:http'
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
  type WebReply,
  type WebStep,
} from '../../web/index.ts'
import { ExpressAnswer } from './held-answer.ts'

export {
  clearSessionCookie,
  getSession,
  readSessionCookie,
  writeSessionCookie,
} from '../../web/index.ts'

/** A middleware of Express 4 and 5, and of any framework with the same signature. */
export type ExpressMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Gives each request its session (`request.session`) and, before `authentication`, the anonymous token (`request.auth`). Data that has
 * changed is stored before the answer is sent. Throws `invalid_request` for options that are not valid.
 */
export function sessions(options: SessionOptions): ExpressMiddleware {
  const config = sessionConfig(options)
  return (request, response, next) => {
    const exchange = openExchange(config, {
      headers: new NodeHeaders(request.headers),
      method: request.method ?? 'GET',
      url: urlOf(request),
      peer: request.socket.remoteAddress ?? null,
      encrypted: Reflect.get(request.socket, 'encrypted') === true,
      native: request,
    })
    exchange.answer = new ExpressAnswer(response, next)
    showOn(request)
    run(sessionStep, request, response, next)
  }
}

/** Finds the user of each request: `request.auth` is its token. Throws `invalid_request` for options that are not valid. */
export function authentication(options: AuthenticationOptions): ExpressMiddleware {
  return middleware(authenticationStep(options))
}

/** Permits impersonation, and checks at each request that it is still permitted. Install it after `authentication`. */
export function impersonation(options: ImpersonationOptions): ExpressMiddleware {
  return middleware(impersonationStep(options))
}

/** Answers 401 without a login, or redirects a page to the login page. */
export function requireLogin(options?: RequireOptions): ExpressMiddleware {
  return middleware(requireLoginStep(options))
}

/** Answers 401 without a login, and 403 without every one of the scopes. */
export function requireScope(...scopes: readonly string[]): ExpressMiddleware {
  return middleware(requireScopeStep(...scopes))
}

/** Answers 401 (`step_up_required`) unless the user has given its password in the last minutes, 15 by default. */
export function requireFresh(minutes?: number, options?: RequireOptions): ExpressMiddleware {
  return middleware(requireFreshStep(minutes, options))
}

function middleware(step: WebStep): ExpressMiddleware {
  return (request, response, next) => run(step, request, response, next)
}

function run(
  step: WebStep,
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
): void {
  let reply: ReturnType<WebStep>
  try {
    reply = step(exchangeOf(request))
  } catch (error) {
    next(asWebError(error))
    return
  }
  if (reply === null) next()
  else if (!(reply instanceof Promise)) send(response, reply)
  else {
    reply.then(
      (late) => (late === null ? next() : send(response, late)),
      (error: unknown) => next(asWebError(error)),
    )
  }
}

function send(response: ServerResponse, { status, headers, body }: WebReply): void {
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.end(body)
}

// Express changes `url` below a mounted router.
function urlOf(request: IncomingMessage): string {
  const original: unknown = Reflect.get(request, 'originalUrl')
  return typeof original === 'string' ? original : (request.url ?? '/')
}
