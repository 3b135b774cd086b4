import type { ServerResponse } from 'node:http'
import { sendStatus } from '../wire/response.ts'
import type { Transport, TransportOwner } from './transport.ts'

/** Sends packs as the response to a request. */
export function sendPacks(
  response: ServerResponse,
  packs: string,
  headers: readonly string[] = [],
): void {
  sendText(response, { status: 200, type: 'application/json', text: packs }, headers)
}

/** Refuses a request with 400 and the reason as text. */
export function sendRefusal(
  response: ServerResponse,
  text: string,
  headers: readonly string[] = [],
): void {
  sendText(response, { status: 400, type: 'text/plain; charset=UTF-8', text }, headers)
}

function sendText(
  response: ServerResponse,
  { status, type, text }: { status: number; type: string; text: string },
  headers: readonly string[],
): void {
  response.writeHead(status, [...headers, 'content-type', type, 'pragma', 'no-cache'])
  response.end(text)
}

interface PollOptions {
  readonly response: ServerResponse
  /** The headers with which the response starts, names and values in turn. */
  readonly headers: readonly string[]
  readonly owner: TransportOwner
  /** How long the request waits, in milliseconds. */
  readonly heartbeatMs: number
}

/** A request that waits for the next packs. The response is 200 with packs, or 204 at the heartbeat and when another transport replaces it. */
export class Poll implements Transport {
  readonly #options: PollOptions
  readonly #dueAt: number
  #closed = false

  constructor(options: PollOptions) {
    this.#options = options
    this.#dueAt = performance.now() + options.heartbeatMs
    options.response.once('close', () => {
      this.#closed = true
      options.owner.detach(this)
    })
  }

  deliver(packs: string): void {
    const { response, headers } = this.#options
    if (this.#close()) sendPacks(response, packs, headers)
  }

  finish(packs: string): void {
    this.deliver(packs)
  }

  end(): void {
    const { response, headers } = this.#options
    if (this.#close()) sendStatus(response, 204, headers)
  }

  tick(now: number): void {
    if (now >= this.#dueAt) this.end()
  }

  /** Returns whether a response can still be sent. */
  #close(): boolean {
    if (this.#closed) return false
    this.#closed = true
    this.#options.owner.detach(this)
    return !this.#options.response.destroyed
  }
}
