import type { ServerResponse } from 'node:http'
import { asWebError, type WebExchange } from '../../web/index.ts'

const HELD = ['writeHead', 'write', 'end', 'flushHeaders'] as const

/**
 * Holds an answer until the session is stored: its cookie is a header, and a client that has the answer must find the data. Without
 * anything to store the answer is not delayed.
 */
export function holdAnswer(
  exchange: WebExchange,
  response: ServerResponse,
  next: (error?: unknown) => void,
): void {
  const calls: [(typeof HELD)[number], unknown[]][] = []
  let committing = false

  const release = (cookies: readonly string[]) => {
    for (const name of HELD) Reflect.deleteProperty(response, name)
    for (const cookie of cookies) response.appendHeader('set-cookie', cookie)
  }
  const replay = () => {
    for (const [name, args] of calls) Reflect.apply(response[name], response, args)
    if (calls.some(([name]) => name === 'write')) response.emit('drain')
  }
  const fail = (error: unknown) => {
    release([])
    for (const name of response.getHeaderNames()) response.removeHeader(name)
    response.statusCode = 500
    next(asWebError(error))
  }
  const commit = async () => {
    try {
      release(await exchange.commit())
    } catch (error) {
      fail(error)
      return
    }
    replay()
  }

  for (const name of HELD) {
    Reflect.set(response, name, (...args: unknown[]) => {
      if (!committing && !exchange.needsCommit()) {
        release(exchange.setCookies)
        return Reflect.apply(response[name], response, args)
      }
      calls.push([name, args])
      if (!committing) {
        committing = true
        commit().catch(next)
      }
      return name === 'write' ? false : response
    })
  }
}
