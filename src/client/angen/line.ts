import type { Socket } from 'node:net'
import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers'
import { LatchkeyError } from '../../core/errors.ts'
import { errorIn, failureOf } from './errors.ts'
import { LineReader } from './line-reader.ts'
import { Wait } from './wait.ts'

/** The body of a message. */
export type AngenBody = Readonly<Record<string, unknown>>

/** Limits of a connection. */
export interface LineLimits {
  /** The longest line that is accepted from the server: 1 MiB by default. */
  readonly maxLineBytes: number
  /** The largest number of requests without an answer: 1,000 by default. */
  readonly maxOutstanding: number
  /** The largest number of bytes that wait to be sent: 1 MiB by default. */
  readonly maxUnsentBytes: number
}

export interface LineOptions extends LineLimits {
  /** How long an answer may take. */
  readonly requestTimeoutMs: number
  /** After how long without a request the client pings the server, so that the server does not close the connection. */
  readonly keepAliveMs: number
  onPush(name: string, message: AngenBody): void
}

/** Options of one request. */
export interface AskOptions {
  /** How long the answer may take. The client's default by default. */
  readonly timeoutMs?: number | undefined
  /** Stops waiting for the answer. The server may still act on the request. */
  readonly signal?: AbortSignal | undefined
}

/** A request without an answer. It stays in the list after its caller gave up, because answers are matched by their order. */
interface Pending {
  readonly command: string
  readonly wait: Wait<AngenBody>
}

const CLOSE_MS = 1000

/** One connection: sends requests, and receives answers and pushes. */
export class Line {
  /** Why it ended. */
  readonly closed: Promise<LatchkeyError>
  readonly #socket: Socket
  readonly #options: LineOptions
  readonly #reader: LineReader
  // In the order of sending, in which the server answers.
  readonly #pending = new Map<string, Pending>()
  readonly #keepAlive: NodeJS.Timeout
  #nextId = 1
  #ended: LatchkeyError | null = null
  #leaving: Promise<void> | null = null

  constructor(socket: Socket, options: LineOptions) {
    this.#socket = socket
    this.#options = options
    this.#reader = new LineReader(options.maxLineBytes)
    this.#keepAlive = setInterval(() => this.#ping(), options.keepAliveMs)
    const { promise, resolve } = Promise.withResolvers<LatchkeyError>()
    this.closed = promise
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', (cause) => this.#end('The connection broke.', cause))
    socket.once('close', () => {
      resolve(this.#end('The server closed the connection.'))
    })
  }

  /** Whether the connection accepts requests. */
  get isOpen(): boolean {
    return this.#ended === null
  }

  /** Sends a request and resolves with the body of the answer. Rejects with the server's refusal, or with `timeout`, `busy`, `unavailable`. */
  async request(name: string, command: object, options: AskOptions = {}): Promise<AngenBody> {
    const { signal, timeoutMs = this.#options.requestTimeoutMs } = options
    signal?.throwIfAborted()
    if (this.#ended !== null) throw this.#ended
    const { maxOutstanding, maxUnsentBytes } = this.#options
    if (this.#pending.size >= maxOutstanding || this.#socket.writableLength > maxUnsentBytes) {
      throw new LatchkeyError('busy', 'Too many requests wait for an answer.')
    }
    const id = String(this.#nextId++)
    const text = JSON.stringify({ name, command, message_id: id, details: true })
    const wait = new Wait<AngenBody>({ timeoutMs, late: `${name}: no answer.`, signal })
    this.#pending.set(id, { command: name, wait })
    this.#socket.write(`${text}\n`)
    this.#keepAlive.refresh()
    return await wait.promise
  }

  /** Sends `connections/disconnect` and closes. Idempotent. */
  close(): Promise<void> {
    this.#leaving ??= this.#leave()
    return this.#leaving
  }

  async #leave(): Promise<void> {
    const patience = { timeoutMs: CLOSE_MS }
    await this.request('connections/disconnect', {}, patience).catch(() => undefined)
    this.#socket.destroySoon()
    const cut = setTimeout(() => this.#socket.destroy(), CLOSE_MS)
    await this.closed
    clearTimeout(cut)
  }

  #ping(): void {
    this.request('system/ping', {}).catch((error: unknown) => {
      const refused = error instanceof LatchkeyError && error.code !== 'timeout'
      if (!refused) this.#socket.destroy()
    })
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader.read(chunk, (line) => this.#hear(line))
    } catch (error) {
      this.#end('The server does not speak this protocol.', error)
      this.#socket.destroy()
    }
  }

  #hear(line: string): void {
    const said: unknown = JSON.parse(line)
    if (!isBody(said)) throw new LatchkeyError('internal', 'A message that is no object.')
    const { name, message, message_id: id } = said
    if (typeof name !== 'string' || !isBody(message)) {
      throw new LatchkeyError('internal', 'A message without a name or a body.')
    }
    if (typeof id === 'string') this.#answer(id, name, message)
    else if (name === 'system/error') {
      // The answer does not name its request. Answers keep their order, so it belongs to the oldest.
      const [oldest] = this.#pending.keys()
      if (oldest !== undefined) this.#answer(oldest, name, message)
    } else this.#options.onPush(name, message)
  }

  #answer(id: string, name: string, message: AngenBody): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    this.#pending.delete(id)
    const { command, wait } = pending
    if (name === 'system/failure') wait.reject(failureOf(command, message))
    else if (name === 'system/error') wait.reject(errorIn(command, message))
    else wait.resolve(message)
  }

  #end(why: string, cause?: unknown): LatchkeyError {
    if (this.#ended !== null) return this.#ended
    const error = new LatchkeyError('unavailable', why, { cause })
    this.#ended = error
    clearInterval(this.#keepAlive)
    for (const { wait } of this.#pending.values()) wait.reject(error)
    this.#pending.clear()
    return error
  }
}

function isBody(value: unknown): value is AngenBody {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
