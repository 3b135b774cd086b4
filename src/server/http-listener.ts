import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { clearInterval, setInterval } from 'node:timers'
import { getRequestListener } from '@hono/node-server'
import { type ErrorCode, refusalOf, refuse } from '../core/errors.ts'
import type { HttpDoor } from '../doors/http/index.ts'
import { problemDetails } from '../http/index.ts'
import type { Pages } from '../web/pages/index.ts'
import type { Door } from './door.ts'
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
  readonly maxConnections: number
  readonly onError: (error: unknown, what: string) => void
}

/** A door that handles some requests of a port. */
export interface FrontDoor {
  /** Answers a request of its own. Returns false for any other, which it does not touch. */
  handle?(request: IncomingMessage, response: ServerResponse): boolean
  /** Takes over a connection of its own. Returns false for any other, which it does not touch. */
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
}

/** How often idle connections are closed while the server drains. */
const DRAIN_STEP_MS = 20

/** Serves an HTTP door on a port of this machine. */
export function createHttpListener(options: HttpListenerOptions): Door {
  const { address, door, pages = null, front = [] } = options
  let draining = false
  const listener = getRequestListener(
    async (request, { incoming, outgoing }) => {
      const address = 'socket' in incoming ? (incoming.socket.remoteAddress ?? null) : null
      const page = await pages?.handle(request, { address })
      const response = page ?? (await door.fetch(request, { address }))
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
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      keepAliveTimeout: 65_000,
      connectionsCheckingInterval: 5000,
      // The HTTP door refuses a request without `Host`, as a problem.
      requireHostHeader: false,
      // A request that offers another upgrade (h2c, by curl and some proxies) is answered as an ordinary request.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    },
    (incoming, outgoing) => {
      if (draining) outgoing.setHeader('connection', 'close')
      if (door.answer(incoming, outgoing)) return
      if (front.some((candidate) => candidate.handle?.(incoming, outgoing) === true)) return
      listener(incoming, outgoing).catch((error: unknown) => options.onError(error, 'http'))
    },
  )
  server.maxConnections = options.maxConnections
  server.on('clientError', answerClientError)
  const upgraded = new Set<Duplex>()
  server.on('upgrade', (request, socket, head) => {
    upgraded.add(socket)
    socket.on('close', () => upgraded.delete(socket))
    if (front.some((candidate) => candidate.upgrade?.(request, socket, head) === true)) return
    // A client may disconnect before it reads the answer.
    socket.on('error', () => undefined)
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
    async drain(signal) {
      draining = true
      await closed(server, upgraded, signal)
    },
  }
}

function closed(server: Server, upgraded: ReadonlySet<Duplex>, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const cut = () => {
    server.closeAllConnections()
    // The server no longer counts upgraded sockets as HTTP connections.
    for (const socket of upgraded) socket.destroy()
  }
  // A connection that was busy when the server closed would stay open for its keep-alive time.
  const step = setInterval(() => server.closeIdleConnections(), DRAIN_STEP_MS)
  server.close(() => {
    clearInterval(step)
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
  const body = JSON.stringify(problemDetails(refuse(code, detail), status))
  stream.end(
    `HTTP/1.1 ${status} ${detail.replace(/\.$/, '')}\r\nContent-Type: application/problem+json\r\n` +
      `Cache-Control: no-store\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

function clientRefusal(code: string | undefined): [number, ErrorCode, string] {
  if (code === 'HPE_HEADER_OVERFLOW') return [431, 'too_large', 'The headers are too large.']
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return [408, 'timeout', 'The request took too long.']
  return [400, 'invalid_request', 'The request cannot be read.']
}
