import type { ServerResponse } from 'node:http'
import { sendStatus } from '../wire/response.ts'
import type { Listener, Transport } from './transport.ts'

/** Answers a request with packs. */
export function sendPacks(
  response: ServerResponse,
  packs: string,
  first: readonly string[] = [],
): void {
  sendText(response, { status: 200, type: 'application/json', text: packs }, first)
}

/** Answers a request that cannot be served with the reason as text. */
export function sendRefusal(
  response: ServerResponse,
  text: string,
  first: readonly string[] = [],
): void {
  sendText(response, { status: 400, type: 'text/plain; charset=UTF-8', text }, first)
}

function sendText(
  response: ServerResponse,
  { status, type, text }: { status: number; type: string; text: string },
  first: readonly string[],
): void {
  response.writeHead(status, [...first, 'content-type', type, 'pragma', 'no-cache'])
  response.end(text)
}

interface PollOptions {
  readonly response: ServerResponse
  /** The headers that the answer begins with. */
  readonly first: readonly string[]
  readonly listener: Listener
  /** How long it waits, in milliseconds. */
  readonly heartbeatMs: number
}

/** A request that waits for the next packs: 200 with them, or 204 at the heartbeat and when another takes its place. */
export class Poll implements Transport {
  readonly #options: PollOptions
  readonly #dueAt: number
  #over = false

  constructor(options: PollOptions) {
    this.#options = options
    this.#dueAt = performance.now() + options.heartbeatMs
    options.response.once('close', () => {
      this.#over = true
      options.listener.detach(this)
    })
  }

  deliver(packs: string): void {
    const { response, first } = this.#options
    if (this.#isLast()) sendPacks(response, packs, first)
  }

  finish(packs: string): void {
    this.deliver(packs)
  }

  end(): void {
    const { response, first } = this.#options
    if (this.#isLast()) sendStatus(response, 204, first)
  }

  tick(now: number): void {
    if (now >= this.#dueAt) this.end()
  }

  #isLast(): boolean {
    if (this.#over) return false
    this.#over = true
    this.#options.listener.detach(this)
    return !this.#options.response.destroyed
  }
}
