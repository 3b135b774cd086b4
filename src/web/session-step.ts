import type { WebStep } from './authentication.ts'
import { problemReply, type WebReply } from './reply.ts'
import { asWebError, WebError } from './web-error.ts'
import type { WebExchange } from './web-exchange.ts'
import { isSafeMethod } from './web-request.ts'

/**
 * The first step of a request: refuses one of another origin that has a session cookie and may change something, and loads the session.
 * Every answer to a request with a session is private (`Cache-Control` is the application's).
 */
export const sessionStep: WebStep = (exchange) => {
  const refused = originReply(exchange)
  if (refused !== null) return refused
  return exchange.load()
}

function originReply(exchange: WebExchange): WebReply | null {
  const { config, cookies, request } = exchange
  if (!config.originCheck || isSafeMethod(request.method)) return null
  if (cookies.session.find(request.headers) === null) return null
  try {
    exchange.checkOrigin()
    return null
  } catch (error) {
    if (error instanceof WebError)
      return problemReply({ ok: false, code: error.code, message: error.message })
    throw asWebError(error)
  }
}
