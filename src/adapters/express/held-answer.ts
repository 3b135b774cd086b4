import type { ServerResponse } from 'node:http'
import { asWebError, type HeldAnswer, type WebExchange } from '../../web/index.ts'

const HELD = ['writeHead', 'write', 'end', 'flushHeaders'] as const

/**
 * Holds an answer until the session is stored: its cookie is a header, and a client that has the answer must find the data. Without
 * anything to store the answer is not delayed.
 */
export class ExpressAnswer implements HeldAnswer {
  readonly #response: ServerResponse
  readonly #next: (error?: unknown) => void
  readonly #calls: [(typeof HELD)[number], unknown[]][] = []
  #isCommitting = false

  constructor(response: ServerResponse, next: (error?: unknown) => void) {
    this.#response = response
    this.#next = next
  }

  hold(exchange: WebExchange): void {
    for (const name of HELD) {
      Reflect.set(this.#response, name, (...args: unknown[]) => this.#call(exchange, name, args))
    }
  }

  #call(exchange: WebExchange, name: (typeof HELD)[number], args: unknown[]): unknown {
    const response = this.#response
    if (!this.#isCommitting && !exchange.needsCommit()) {
      this.#release(exchange.setCookies)
      return Reflect.apply(response[name], response, args)
    }
    this.#calls.push([name, args])
    if (!this.#isCommitting) {
      this.#isCommitting = true
      this.#commit(exchange).catch(this.#next)
    }
    return name === 'write' ? false : response
  }

  async #commit(exchange: WebExchange): Promise<void> {
    let cookies: readonly string[]
    try {
      cookies = await exchange.commit()
    } catch (error) {
      this.#fail(error)
      return
    }
    this.#release(cookies)
    const response = this.#response
    for (const [name, args] of this.#calls) Reflect.apply(response[name], response, args)
    if (this.#calls.some(([name]) => name === 'write')) response.emit('drain')
  }

  #release(cookies: readonly string[]): void {
    for (const name of HELD) Reflect.deleteProperty(this.#response, name)
    for (const cookie of cookies) this.#response.appendHeader('set-cookie', cookie)
  }

  // The application's error handler answers in place of the handler.
  #fail(error: unknown): void {
    this.#release([])
    for (const name of this.#response.getHeaderNames()) this.#response.removeHeader(name)
    this.#response.statusCode = 500
    this.#next(asWebError(error))
  }
}
