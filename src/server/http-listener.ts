import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { clearInterval, setInterval } from 'node:timers'
import { setImmediate } from 'node:timers/promises'
import { getRequestListener } from '@hono/node-server'
import { type ErrorCode, refusalOf, refuse } from '../core/errors.ts'
import { createRequestId } from '../core/request-id.ts'
import type { HttpDoor, RequestPeer } from '../doors/http/index.ts'
import { createTrustedPeers, problemDetails } from '../http/index.ts'
import type { Pages } from '../web/pages/index.ts'
import type { Door } from './door.ts'
import type { HttpConnections } from './http-connections.ts'
import { invalidRequest } from './http-request-check.ts'
import { formatListenAddress, type ListenAddress } from './listen-address.ts'
import { listening } from './listening.ts'

/** Options of `createHttpListener`. */
export interface HttpListenerOptions {
  readonly door: HttpDoor
  /** The login pages, which get each request before the HTTP door; null for none. */
  readonly pages?: Pages | null
  readonly address: ListenAddress & { readonly named: boolean }
  /** Doors on the same port that get each request before the HTTP door. None by default. */
  readonly front?: readonly FrontDoor[]
  readonly connections: HttpConnections
  /** How long an unauthenticated connection may be idle, at most. */
  readonly authenticateMs: number
  readonly trustedProxies: readonly string[]
  /** Called once, when a forwarding header arrives from a peer that is not a trusted proxy. */
  readonly onUntrustedProxy: (peer: string) => void
  readonly onError: (error: unknown, what: string) => void
}

/** A door that handles some requests of a port. */
export interface FrontDoor {
  /** Answers a request of its own. Returns false for any other, which it does not touch. */
  handle?(request: IncomingMessage, response: ServerResponse): boolean
  /** Takes over a connection of its own. Returns false for any other, which it does not touch. */
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
}

const HEADERS_MS = 10_000
const KEEP_ALIVE_MS = 65_000
const MAX_TURNS = 1000
const NO_PEER: RequestPeer = {}

/** While the server closes, a connection is idle after this time without a request. */
const IDLE_MS = 50
/** The same where the end was announced, so that no request of a client is lost. */
const ANNOUNCED_IDLE_MS = 500

/** How often idle connections are closed while the server drains. */
const DRAIN_STEP_MS = 20

/** Serves an HTTP door on a port of this machine. */
export function createHttpListener(options: HttpListenerOptions): Door {
  const { address, door, pages = null, connections, front = [] } = options
  let draining = false
  let idleMs = IDLE_MS
  const listener = getRequestListener(
    async (request, { incoming, outgoing }) => {
      const peer = ('socket' in incoming ? connections.of(incoming.socket) : undefined) ?? NO_PEER
      const page = await pages?.handle(request, peer)
      const response = page ?? (await door.fetch(request, peer))
      if (draining) outgoing.setHeader('connection', 'close')
      return response
    },
    {
      errorHandler: (error) => {
        const unreadable = error instanceof Error && error.name === 'RequestError'
        if (unreadable) return plainProblem(400, 'invalid_request', 'The request cannot be read.')
        options.onError(error, 'http')
        return plainProblem(500, 'internal', refusalOf(error).message)
      },
    },
  )
  const serve = (incoming: IncomingMessage, outgoing: ServerResponse, peer: RequestPeer) => {
    if (draining) outgoing.setHeader('connection', 'close')
    const problem = invalidRequest(incoming)
    if (problem !== null) {
      sendProblem(outgoing, problem)
      return
    }
    noteForwarded(incoming)
    if (door.answer(incoming, outgoing, peer)) return
    if (front.some((candidate) => candidate.handle?.(incoming, outgoing) === true)) return
    listener(incoming, outgoing).catch((error: unknown) => options.onError(error, 'http'))
  }
  const noteForwarded = forwardingCheck(options)
  const headersTimeout = Math.min(HEADERS_MS, options.authenticateMs)
  const server = createServer(
    {
      headersTimeout,
      requestTimeout: 30_000,
      // The answer contains this time, so that it sends no request on a connection that is being closed.
      keepAliveTimeout: Math.min(KEEP_ALIVE_MS, options.authenticateMs),
      connectionsCheckingInterval: Math.max(50, headersTimeout / 2),
      // A request without `Host` is refused below, as a problem.
      requireHostHeader: false,
      // A request that offers another upgrade (h2c, by curl and some proxies) is answered as an ordinary request.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    },
    (incoming, outgoing) => {
      const connection = connections.of(incoming.socket)
      // Without one, the connection has just been closed.
      connection?.enter(incoming, outgoing, serve)
    },
  )
  server.on('connection', (socket) => connections.accept(socket))
  server.on('clientError', answerClientError)
  const upgraded = new Set<Duplex>()
  server.on('upgrade', (request, socket, head) => {
    upgraded.add(socket)
    socket.on('close', () => upgraded.delete(socket))
    // A client may disconnect before it reads the answer.
    socket.on('error', () => undefined)
    const problem = invalidRequest(request)
    if (problem !== null) {
      socket.end(`HTTP/1.1 400 Bad Request\r\n${problemText(problem)}`)
      return
    }
    if (front.some((candidate) => candidate.upgrade?.(request, socket, head) === true)) {
      connections.of(request.socket)?.upgraded()
      return
    }
    socket.end('HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\n\r\n')
  })
  return {
    name: 'http',
    wanted: formatListenAddress(address),
    named: address.named,
    async listen() {
      const port = await listening(server, address)
      server.on('error', (error) => options.onError(error, 'http'))
      return `http://${formatListenAddress({ host: address.host, port })}`
    },
    announce() {
      draining = true
      idleMs = ANNOUNCED_IDLE_MS
    },
    async drain(signal) {
      draining = true
      await untilNoneConnects(server)
      await closed(server, () => connections.closeIdle(idleMs), upgraded, signal)
    },
  }
}

function forwardingCheck({
  trustedProxies,
  onUntrustedProxy,
}: HttpListenerOptions): (incoming: IncomingMessage) => void {
  const isTrusted = createTrustedPeers(trustedProxies)
  let reported = false
  return ({ headers, socket }) => {
    if (
      reported ||
      (headers['x-forwarded-for'] === undefined && headers['forwarded'] === undefined)
    )
      return
    const { remoteAddress } = socket
    if (remoteAddress === undefined || isTrusted(remoteAddress)) return
    reported = true
    onUntrustedProxy(remoteAddress)
  }
}

/**
 * Waits for a turn of the event loop in which no client has connected. The system completes connections by itself, and resets those that
 * are not accepted when the server stops listening.
 */
async function untilNoneConnects(server: Server): Promise<void> {
  let connected = true
  const note = () => {
    connected = true
  }
  server.on('connection', note)
  for (let turn = 0; turn < MAX_TURNS && connected; turn++) {
    connected = false
    await setImmediate()
  }
  server.off('connection', note)
}

function closed(
  server: Server,
  closeIdle: () => void,
  upgraded: ReadonlySet<Duplex>,
  signal: AbortSignal,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const cut = () => {
    server.closeAllConnections()
    // The server no longer counts upgraded sockets as HTTP connections.
    for (const socket of upgraded) socket.destroy()
  }
  // A connection that was busy when the server closed would stay open for its keep-alive time.
  const step = setInterval(closeIdle, DRAIN_STEP_MS)
  // Not the method of the HTTP server: that resets connections on which a request is arriving.
  NetServer.prototype.close.call(server, () => {
    clearInterval(step)
    // Stops the server's own timer.
    server.close()
    signal.removeEventListener('abort', cut)
    resolve()
  })
  if (signal.aborted) cut()
  else signal.addEventListener('abort', cut, { once: true })
  return promise
}

function plainProblem(status: number, code: ErrorCode, detail: string): Response {
  return new Response(JSON.stringify(problemDetails(refuse(code, detail), status)), {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
  })
}

// The parser failed, so no door has the request.
function answerClientError(error: NodeJS.ErrnoException, socket: Socket | NodeJS.WritableStream) {
  // As Node's own handler does: an answer that has started cannot be replaced.
  const stream = socket as Socket & { _httpMessage?: { headersSent: boolean } | null }
  const answering = stream._httpMessage?.headersSent === true
  if (error.code === 'ECONNRESET' || !stream.writable || answering) {
    stream.destroy()
    return
  }
  const [status, code, detail] = clientRefusal(error.code)
  const line = `HTTP/1.1 ${status} ${detail.replace(/\.$/, '')}\r\n`
  stream.end(line + problemText(detail, code, status))
}

/** Returns the rest of an answer after its status line. */
function problemText(detail: string, code: ErrorCode = 'invalid_request', status = 400): string {
  const requestId = createRequestId()
  const body = JSON.stringify({ ...problemDetails(refuse(code, detail), status), requestId })
  return (
    'Content-Type: application/problem+json\r\nCache-Control: no-store\r\n' +
    `X-Request-Id: ${requestId}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
  )
}

/** Refuses an invalid request. The connection is closed, because what follows may be invalid too. */
function sendProblem(outgoing: ServerResponse, detail: string): void {
  const requestId = createRequestId()
  const body = { ...problemDetails(refuse('invalid_request', detail)), requestId }
  outgoing.writeHead(400, {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'x-request-id': requestId,
    connection: 'close',
  })
  outgoing.end(JSON.stringify(body))
}

function clientRefusal(code: string | undefined): [number, ErrorCode, string] {
  if (code === 'HPE_HEADER_OVERFLOW') return [431, 'too_large', 'The headers are too large.']
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return [408, 'timeout', 'The request took too long.']
  return [400, 'invalid_request', 'The request cannot be read.']
}
