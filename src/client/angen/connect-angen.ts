import { clearTimeout, setTimeout } from 'node:timers'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ErrorCode, LatchkeyError } from '../../core/errors.ts'
import type { EndReason } from '../../core/session/record.ts'
import type { SessionLogger } from '../session/token-file.ts'
import type { AngenClient, AngenClientOptions } from './angen-client.ts'
import { type Backoff, createBackoff } from './backoff.ts'
import { type AngenBody, type AskOptions, Line } from './line.ts'
import type { AngenUser, AnswerOf, CommandOf, PushOf } from './messages.ts'
import { openSocket, requireSafeAddress } from './open-socket.ts'
import { TokenKeeper } from './token-keeper.ts'
import { createTokenFolder } from './token-store.ts'
import { Wait } from './wait.ts'

/**
 * Connects and logs in, renews the codes in time, and reconnects after a lost connection. Rejects if the first login is not possible.
 * When the session ends, the client removes its codes and closes.
 */
export async function connectAngen(options: AngenClientOptions): Promise<AngenClient> {
  requireSafeAddress(options)
  const client = new Client(options)
  await client.start()
  return client
}

/** The errors after which another attempt can succeed. */
const RETRY: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'busy',
  'conflict',
  'internal',
  'throttled',
  'timeout',
  'unavailable',
])

/** The reasons that mean that the session has ended. For any other only the connection has. */
const DEAD: ReadonlySet<unknown> = new Set<EndReason>([
  'logged_out',
  'revoked',
  'evicted',
  'upgraded',
  'password_changed',
  'suspended',
  'deleted',
  'locked',
  'reuse_detected',
  'parent_ended',
  'expired',
])

/** A connection that lasts this long does not count as a failed attempt. */
const STABLE_MS = 5_000
/** How often the client checks at least whether a renewal is due: timers reach at most 24 days, and machines sleep. */
const LOOK_MS = 60 * 60_000
/** The least time between two attempts to renew. */
const RENEW_AGAIN_MS = 1_000

const MAX_OUTSTANDING = 1000

type Handler = (message: AngenBody, name: string) => void

class Client implements AngenClient {
  user: AngenUser | null = null
  readonly closed: Promise<LatchkeyError | null>
  readonly #options: AngenClientOptions
  readonly #timeoutMs: number
  readonly #logger: SessionLogger
  readonly #backoff: Backoff
  readonly #keeper: TokenKeeper | null
  readonly #handlers = new Map<string, Set<Handler>>()
  readonly #stop = new AbortController()
  readonly #finished = Promise.withResolvers<LatchkeyError | null>()
  /** The requests that wait for a connection that is logged in. */
  readonly #waiting = new Set<Wait<Line>>()
  /** The connection, and the same when it is logged in. */
  #current: Line | null = null
  #line: Line | null = null
  #renewal: NodeJS.Timeout | undefined
  /** Why the session has ended. */
  #dead: LatchkeyError | null = null
  #ended: unknown = null

  constructor(options: AngenClientOptions) {
    this.#options = options
    this.#timeoutMs = options.requestTimeoutMs ?? 10_000
    this.#logger = options.logger ?? { warn: () => undefined }
    this.#backoff = createBackoff(options.maxBackoffMs)
    this.#keeper = this.#createKeeper()
    this.closed = this.#finished.promise
  }

  get connected(): boolean {
    return this.#line?.isOpen === true
  }

  async start(): Promise<void> {
    const { signal, patienceMs = 10_000 } = this.#options
    signal?.throwIfAborted()
    signal?.addEventListener('abort', () => this.#finish(null), { signal: this.#stop.signal })
    let failure: unknown = null
    const running = this.#run((error) => {
      failure = error
    })
    running.catch((error: unknown) => this.#finish(error))
    try {
      await this.#whenLoggedIn(patienceMs)
    } catch (error) {
      this.#finish(null)
      signal?.throwIfAborted()
      throw isTimeout(error) ? (failure ?? error) : error
    }
  }

  async request<Name extends string>(
    name: Name,
    command: CommandOf<Name>,
    { timeoutMs = this.#timeoutMs, signal }: AskOptions = {},
  ): Promise<AnswerOf<Name>> {
    const began = performance.now()
    const line = await this.#whenLoggedIn(timeoutMs, signal)
    const left = Math.max(1, timeoutMs - (performance.now() - began))
    return (await line.request(name, command, { timeoutMs: left, signal })) as AnswerOf<Name>
  }

  on<Name extends string>(
    name: Name,
    handler: (message: PushOf<Name>, name: string) => void,
  ): () => void {
    const handlers = this.#handlers.get(name) ?? new Set()
    this.#handlers.set(name, handlers)
    handlers.add(handler as Handler)
    return () => handlers.delete(handler as Handler)
  }

  async close(): Promise<void> {
    this.#finish(null)
    await this.#current?.close()
  }

  async #run(onFailure: (error: unknown) => void): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      const error = await this.#once().catch((thrown: unknown) => thrown)
      if (signal.aborted || this.#dead !== null) return
      onFailure(error)
      if (!(error instanceof LatchkeyError) || !RETRY.has(error.code)) throw error
      const wait = this.#backoff.next(error.details.retryAfterMs)
      this.#logger.warn(`${error.message} The next attempt is in ${Math.round(wait)} ms.`)
      await sleep(wait, undefined, { signal }).catch(() => undefined)
    }
  }

  /** Connects once; returns why the connection ended. */
  async #once(): Promise<LatchkeyError> {
    const { signal } = this.#stop
    const line = await this.#open(signal)
    this.#current = line
    const leave = () => void line.close()
    signal.addEventListener('abort', leave)
    try {
      signal.throwIfAborted()
      this.user = (await this.#keeper?.logIn(line)) ?? null
      this.#begin(line)
      const began = performance.now()
      const why = await line.closed
      if (performance.now() - began >= STABLE_MS) this.#backoff.reset()
      return why
    } finally {
      signal.removeEventListener('abort', leave)
      clearTimeout(this.#renewal)
      this.#line = null
      void line.close()
    }
  }

  async #open(signal: AbortSignal): Promise<Line> {
    const { maxLineBytes, maxOutstanding, maxUnsentBytes, keepAliveMs } = this.#options
    const socket = await openSocket(this.#options, { timeoutMs: this.#timeoutMs, signal })
    return new Line(socket, {
      maxLineBytes: maxLineBytes ?? 1024 * 1024,
      maxOutstanding: maxOutstanding ?? MAX_OUTSTANDING,
      maxUnsentBytes: maxUnsentBytes ?? 1024 * 1024,
      keepAliveMs: keepAliveMs ?? 25_000,
      requestTimeoutMs: this.#timeoutMs,
      onPush: (name, message) => this.#hear(name, message),
    })
  }

  #begin(line: Line): void {
    this.#line = line
    for (const wait of this.#waiting) wait.resolve(line)
    this.#planRenewal(line, 0)
    this.#call(this.#options.onConnected, this.user)
  }

  #planRenewal(line: Line, atLeastMs: number): void {
    if (this.#keeper === null || this.#line !== line) return
    const due = Math.max(atLeastMs, this.#keeper.renewAt - Date.now())
    this.#renewal = setTimeout(() => void this.#renew(line), Math.min(due, LOOK_MS)).unref()
  }

  async #renew(line: Line): Promise<void> {
    const keeper = this.#keeper
    try {
      if (keeper !== null && Date.now() >= keeper.renewAt) await keeper.renew(line)
    } catch (error) {
      this.#logger.warn(`The codes are not renewed yet: ${error}`)
    }
    this.#planRenewal(line, RENEW_AGAIN_MS)
  }

  #hear(name: string, message: AngenBody): void {
    if (name === 'sessions/ended' && DEAD.has(message['reason'])) {
      void this.#mourn(String(message['reason']))
    }
    for (const heard of [name, '*']) {
      for (const handler of this.#handlers.get(heard) ?? []) this.#call(handler, message, name)
    }
  }

  /** Ends the client because its session has ended. */
  async #mourn(reason: string): Promise<void> {
    if (this.#keeper === null) return
    const dead = new LatchkeyError('session_revoked', 'The session has ended. Log in again.', {
      reason,
    })
    this.#dead = dead
    await this.#keeper.drop().catch((error: unknown) => {
      this.#logger.warn(`The codes are still kept: ${error}`)
    })
    this.#finish(dead)
  }

  #call<Args extends unknown[]>(handler: ((...args: Args) => void) | undefined, ...args: Args) {
    try {
      handler?.(...args)
    } catch (error) {
      this.#logger.warn(`A handler failed: ${error}`)
    }
  }

  async #whenLoggedIn(timeoutMs: number, signal?: AbortSignal): Promise<Line> {
    if (this.#line?.isOpen === true) return this.#line
    if (this.#stop.signal.aborted) throw this.#ended
    const { maxOutstanding = MAX_OUTSTANDING } = this.#options
    if (this.#waiting.size >= maxOutstanding) {
      throw new LatchkeyError('busy', 'Too many requests wait for a connection.')
    }
    const wait = new Wait<Line>({ timeoutMs, late: 'There is no connection.', signal })
    this.#waiting.add(wait)
    try {
      return await wait.promise
    } finally {
      this.#waiting.delete(wait)
    }
  }

  #finish(error: unknown): void {
    if (this.#stop.signal.aborted) return
    const why = error instanceof LatchkeyError || error === null ? error : failed(error)
    this.#ended = why ?? new LatchkeyError('unavailable', 'The client is closed.')
    this.#stop.abort()
    for (const wait of this.#waiting) wait.reject(this.#ended)
    this.#finished.resolve(why)
  }

  #createKeeper(): TokenKeeper | null {
    const { session, userAgent, bot = false, getCredentials = () => null } = this.#options
    if (session === undefined) return null
    // A renewal takes at most as long as an answer, and may wait for that of another process.
    const lockTimeoutMs = 3 * this.#timeoutMs
    const store =
      typeof session === 'string'
        ? createTokenFolder({ folder: session, logger: this.#logger, lockTimeoutMs })
        : session
    return new TokenKeeper({
      store,
      userAgent,
      bot,
      getCredentials: async (signal) => getCredentials(signal),
      signal: this.#stop.signal,
    })
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof LatchkeyError && error.code === 'timeout'
}

function failed(cause: unknown): LatchkeyError {
  return new LatchkeyError('internal', 'The client failed.', { cause })
}
