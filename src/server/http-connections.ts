import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { clearInterval, setInterval } from 'node:timers'
import type { CountedConnection } from '../connections/connection-counter.ts'
import { ConnectionCounter, type ConnectionLimits } from '../connections/connection-counter.ts'
import { type RequestLane, RequestQueue } from '../connections/request-queue.ts'
import { canonicalAddress, withinPrefix } from '../core/address.ts'
import type { RequestPeer } from '../doors/http/index.ts'

/** Options of `HttpConnections`. */
export interface HttpConnectionsOptions {
  readonly limits: ConnectionLimits
  /** How long a connection may stay unauthenticated. */
  readonly authenticateMs: number
  /** Peers whose connections carry the requests of many clients: addresses or CIDR prefixes. */
  readonly trustedProxies: readonly string[]
}

/** How long answers may wait for a client that reads nothing. */
const UNREAD_MS = 30_000
const SWEEP_MS = 1000

/** The open connections of the HTTP port, and the requests on them. */
export class HttpConnections {
  readonly counter: ConnectionCounter
  readonly #options: HttpConnectionsOptions
  readonly #queue = new RequestQueue()
  readonly #open = new Map<Socket, HttpConnection>()
  #sweeping: NodeJS.Timeout | null = null

  constructor(options: HttpConnectionsOptions) {
    this.#options = options
    this.counter = new ConnectionCounter(options.limits)
  }

  /** Counts a new connection, and closes it if there is no place for it. */
  accept(socket: Socket): void {
    const address = canonicalAddress(socket.remoteAddress ?? '')
    const counted = this.counter.enter(address, () => socket.destroy())
    if (counted === null) {
      socket.destroy()
      return
    }
    const { trustedProxies, authenticateMs } = this.#options
    if (trustedProxies.some((prefix) => withinPrefix(address, prefix))) counted.authenticate()
    const lane = this.#queue.open(() => socket.writableNeedDrain)
    const connection = new HttpConnection({ socket, address, counted, lane, authenticateMs })
    this.#open.set(socket, connection)
    socket.on('drain', () => lane.resume())
    socket.once('close', () => {
      counted.leave()
      lane.close()
      this.#open.delete(socket)
      if (this.#open.size === 0) this.#stopSweeping()
    })
    this.#sweeping ??= setInterval(() => this.#sweep(), SWEEP_MS).unref()
  }

  /** Returns the connection of a socket. */
  of(socket: Socket): HttpConnection | undefined {
    return this.#open.get(socket)
  }

  /** Closes the connections that have had no request for some time. Their clients may be sending the next one until then. */
  closeIdle(idleMs: number): void {
    const now = performance.now()
    for (const connection of this.#open.values()) connection.closeIfIdle(now, idleMs)
  }

  #sweep(): void {
    const now = performance.now()
    for (const connection of this.#open.values()) connection.sweep(now)
  }

  #stopSweeping(): void {
    if (this.#sweeping !== null) clearInterval(this.#sweeping)
    this.#sweeping = null
  }
}

interface HttpConnectionParts {
  readonly socket: Socket
  readonly address: string | null
  readonly counted: CountedConnection
  readonly lane: RequestLane
  readonly authenticateMs: number
}

/** A client that has just connected needs more time for its first request than for the next one. */
const FIRST_REQUEST_FACTOR = 4

/** One connection of the HTTP port. */
export class HttpConnection implements RequestPeer {
  readonly address: string | null
  readonly #socket: Socket
  readonly #counted: CountedConnection
  readonly #lane: RequestLane
  readonly #authenticateBy: number
  readonly #onAnswered: () => void
  #usedAt = performance.now()
  /** How many bytes the client had sent when its last request was answered. */
  #bytesAnswered = 0
  #upgraded = false
  #unread = { since: 0, written: -1 }

  constructor({ socket, address, counted, lane, authenticateMs }: HttpConnectionParts) {
    this.address = address
    this.#socket = socket
    this.#counted = counted
    this.#lane = lane
    this.#authenticateBy = this.#usedAt + authenticateMs
    this.#onAnswered = () => this.#answered()
  }

  /** Starts a request at once, or when earlier requests of the connection are answered and read. */
  enter(outgoing: ServerResponse, start: () => void): void {
    this.#counted.use()
    const accepted = this.#lane.enter(() => {
      // Emitted when the answer is sent, and when the client disconnects before.
      outgoing.once('close', this.#onAnswered)
      if (this.#isLate()) outgoing.setHeader('connection', 'close')
      start()
      if (this.#lane.waiting === 0 && this.#socket.isPaused()) this.#socket.resume()
    })
    if (!accepted) this.#socket.destroy()
    // What has been read is already in memory; the rest stays with the sender.
    else if (this.#lane.waiting > 0) this.#socket.pause()
  }

  /** A request on the connection has a valid session. */
  authenticated(): void {
    this.#counted.authenticate()
  }

  /** Another protocol has taken over the connection, with limits of its own. */
  upgraded(): void {
    this.#upgraded = true
    this.#counted.authenticate()
  }

  /** Closes the connection if no request is under way or about to arrive. */
  closeIfIdle(now: number, idleMs: number): void {
    if (this.#upgraded || !this.#lane.idle) return
    if (this.#socket.bytesRead > this.#bytesAnswered) return
    const isNew = this.#bytesAnswered === 0
    if (now - this.#usedAt >= (isNew ? idleMs * FIRST_REQUEST_FACTOR : idleMs))
      this.#socket.destroySoon()
  }

  /** Closes the connection if its client has not read its answers for a long time. */
  sweep(now: number): void {
    const { bytesWritten, writableNeedDrain } = this.#socket
    if (!writableNeedDrain || bytesWritten !== this.#unread.written) {
      this.#unread = { since: now, written: bytesWritten }
    } else if (!this.#upgraded && now - this.#unread.since >= UNREAD_MS) this.#socket.destroy()
  }

  #answered(): void {
    this.#usedAt = performance.now()
    this.#bytesAnswered = this.#socket.bytesRead
    this.#counted.use()
    this.#lane.finish()
  }

  #isLate(): boolean {
    return !this.#counted.authenticated && performance.now() >= this.#authenticateBy
  }
}
