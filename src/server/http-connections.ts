import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { clearInterval, setImmediate, setInterval } from 'node:timers'
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
  readonly #held = new Set<HttpConnection>()
  #resuming: NodeJS.Immediate | null = null
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
    const lane = this.#queue.open()
    const connection = new HttpConnection({
      socket,
      address,
      counted,
      lane,
      authenticateMs,
      readOn: (held) => this.#readOn(held),
    })
    this.#open.set(socket, connection)
    // Node reads on after each answer.
    socket.on('resume', () => connection.holdBack())
    socket.once('close', () => {
      counted.leave()
      lane.close()
      this.#open.delete(socket)
      this.#held.delete(connection)
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

  // One in each turn of the event loop: a read brings many requests, and parsing them takes milliseconds.
  #readOn(held: HttpConnection): void {
    this.#held.add(held)
    this.#resuming ??= setImmediate(() => {
      this.#resuming = null
      const [first] = this.#held
      if (first === undefined) return
      this.#held.delete(first)
      first.resume()
      const [next] = this.#held
      if (next !== undefined) this.#readOn(next)
    })
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
  /** Calls `resume` soon. */
  readonly readOn: (held: HttpConnection) => void
}

/** Answers a request of a connection. */
type Serve = (
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  connection: HttpConnection,
) => void

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
  readonly #readOn: (held: HttpConnection) => void
  #paused = false
  #answers = 0
  /** What had happened when the connection was last looked at, and when it was last seen in use. */
  #seen = { bytes: 0, answers: 0, usedAt: performance.now() }
  #upgraded = false
  #unread = { since: 0, written: -1 }

  constructor({ socket, address, counted, lane, authenticateMs, readOn }: HttpConnectionParts) {
    this.#readOn = readOn
    this.address = address
    this.#socket = socket
    this.#counted = counted
    this.#lane = lane
    this.#authenticateBy = this.#seen.usedAt + authenticateMs
    // On every request: reading a clock or the count of bytes would cost more.
    this.#onAnswered = () => {
      this.#answers++
      this.#counted.use()
      this.#lane.finish()
    }
  }

  /** Serves a request at once, or when earlier requests of the connection are answered and read. */
  enter(incoming: IncomingMessage, outgoing: ServerResponse, serve: Serve): void {
    this.#counted.use()
    if (this.#lane.tryStart()) {
      this.#start(incoming, outgoing, serve)
      return
    }
    const accepted = this.#lane.wait(() => this.#start(incoming, outgoing, serve))
    if (!accepted) this.#socket.destroy()
    // What has been read is already in memory; the rest stays with the sender.
    else this.holdBack()
  }

  #start(incoming: IncomingMessage, outgoing: ServerResponse, serve: Serve): void {
    // Emitted when the answer is sent, and when the client disconnects before.
    outgoing.on('close', this.#onAnswered)
    if (this.#isLate()) outgoing.setHeader('connection', 'close')
    serve(incoming, outgoing, this)
    if (this.#paused && this.#lane.waiting === 0) this.#readOn(this)
  }

  /** Reads nothing more while requests wait. */
  holdBack(): void {
    if (this.#upgraded || (this.#lane.waiting === 0 && !this.#paused)) return
    this.#paused = true
    this.#socket.pause()
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
    const { bytesRead: bytes } = this.#socket
    const answers = this.#answers
    if (bytes !== this.#seen.bytes || answers !== this.#seen.answers) {
      this.#seen = { bytes, answers, usedAt: now }
      return
    }
    const graceMs = answers === 0 ? idleMs * FIRST_REQUEST_FACTOR : idleMs
    if (now - this.#seen.usedAt >= graceMs) this.#socket.destroySoon()
  }

  /** Closes the connection if its client has not read its answers for a long time. */
  sweep(now: number): void {
    const { bytesWritten, writableNeedDrain } = this.#socket
    if (!writableNeedDrain || bytesWritten !== this.#unread.written) {
      this.#unread = { since: now, written: bytesWritten }
    } else if (!this.#upgraded && now - this.#unread.since >= UNREAD_MS) this.#socket.destroy()
  }

  /** Reads on. */
  resume(): void {
    this.#paused = false
    this.#socket.resume()
  }

  #isLate(): boolean {
    return !this.#counted.authenticated && performance.now() >= this.#authenticateBy
  }
}
