import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { CountedConnection } from '../../../connections/connection-counter.ts'
import { forwardedAddress } from '../../../core/address.ts'
import { ERROR_TABLE } from '../../../core/errors.ts'
import { Connection } from './connection.ts'
import { FrameLink } from './frame-link.ts'
import type { AngenHub } from './hub.ts'

export interface AngenSocketServerOptions {
  readonly hub: AngenHub
  /** `/angen` by default. */
  readonly path?: string
  /** Whether the `Host` header of a request is served; any by default. */
  readonly allowsHost?: (request: IncomingMessage) => boolean
  /** Origins of pages that may connect beside those of this host; `*` is any. None by default. */
  readonly allowedOrigins?: readonly string[]
  /** Proxies whose `X-Forwarded-For` is trusted: addresses or CIDR prefixes. None by default. */
  readonly trustedProxies?: readonly string[]
}

/** Angen over WebSocket, on a port of HTTP. */
export interface AngenSocketServer {
  /** Takes the upgrade of a connection; false, with nothing done, for one of another path. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
  /** Takes no more connections, and closes each with 1001 once its message under way is answered. */
  close(): void
}

const LINE_END = Buffer.from('\n')

/** Serves Angen over WebSocket: text frames of one message, or of several lines. */
export function createAngenSocketServer(options: AngenSocketServerOptions): AngenSocketServer {
  const { hub, path = '/angen', allowsHost = () => true, allowedOrigins = [] } = options
  const trusted = options.trustedProxies ?? []
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: hub.limits.lineBytes,
    // The framing does that.
    skipUTF8Validation: true,
  })
  const connections = new Set<Connection>()
  let closing = false

  const addressOf = ({ headers, socket }: IncomingMessage): string | null => {
    const forwarded = trusted.length === 0 ? undefined : headers['x-forwarded-for']
    const forwardedFor = [forwarded ?? []].flat().join(',')
    return forwardedAddress({
      peer: socket.remoteAddress ?? null,
      forwardedFor: forwardedFor === '' ? null : forwardedFor,
      trusted,
    })
  }

  const serve = (socket: WebSocket, stream: Duplex, visit: Visit): Connection => {
    const link = new FrameLink(socket, stream)
    const connection = new Connection({ hub, link, ...visit, transport: 'websocket' })
    connections.add(connection)
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (isBinary) {
        connection.close('text frames only', ERROR_TABLE.unsupported_type.close)
        return
      }
      connection.take(data)
      connection.take(LINE_END)
    })
    // Pings and the frames of a long message are traffic too.
    stream.on('data', (chunk: Buffer) => connection.charge(chunk.length))
    stream.on('drain', () => connection.drained())
    socket.on('close', () => {
      connections.delete(connection)
      connection.gone()
    })
    return connection
  }

  const admit = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => undefined)
    if (!allowsHost(request) || !allowsOrigin(request, allowedOrigins)) {
      refuse(socket, '403 Forbidden')
      return
    }
    const address = addressOf(request)
    let connection: Connection | null = null
    const evict = () => {
      if (connection === null) socket.destroy()
      else connection.evict()
    }
    const counted = closing ? null : hub.counter.enter(address, evict)
    if (counted === null) {
      refuse(socket, '503 Service Unavailable')
      return
    }
    socket.on('close', () => counted.leave())
    try {
      server.handleUpgrade(request, socket, head, (opened) => {
        opened.on('error', () => undefined)
        connection = serve(opened, socket, { counted, address })
      })
    } catch (error) {
      hub.onError(error, 'angen')
      socket.destroy()
    }
  }

  return {
    upgrade(request, socket, head) {
      if (pathOf(request) !== path) return false
      admit(request, socket, head)
      return true
    },
    close() {
      closing = true
      for (const connection of connections) connection.drain()
    },
  }
}

interface Visit {
  readonly counted: CountedConnection
  readonly address: string | null
}

function pathOf({ url = '' }: IncomingMessage): string {
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}

/** Programs say no origin; a page must be one of this host, or one that is listed. */
function allowsOrigin({ headers }: IncomingMessage, allowed: readonly string[]): boolean {
  const { origin, host } = headers
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return true
  return /^https?:\/\//.test(origin) && origin.replace(/^https?:\/\//, '') === host
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n\r\n`, () => socket.destroy())
}
