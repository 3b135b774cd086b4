import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout } from 'node:timers'
import { refusalOf } from '../../core/errors.ts'
import { ERROR_TABLE, type Refusal } from '../../core/index.ts'
import { NodeHeaders, problem } from '../../http/index.ts'
import type { HandshakeChecker } from './handshake.ts'
import type { SocketSession, SocketSessions } from './socket-session.ts'

/** The methods of a WebSocket of `ws` that are used. */
export interface WebSocketLike {
  /** Starts to close the socket. */
  close(code?: number, reason?: string): void
  /** Closes the connection at once. */
  terminate(): void
  /** Calls `listener` with each message, or when the socket has closed. */
  on(event: 'message' | 'close', listener: () => void): unknown
}

/** The methods of a `WebSocketServer` of `ws` that are used. It is made with `noServer: true`. */
export interface UpgradeServer<Socket extends WebSocketLike> {
  /** Completes the handshake, and calls `opened` with the socket. */
  handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    opened: (socket: Socket) => void,
  ): void
  /** Passes the socket to the application. */
  emit(
    event: 'connection',
    socket: Socket,
    request: IncomingMessage,
    session: SocketSession,
  ): unknown
}

/** An upgrade, as the event of `node:http` gives it. */
export interface Upgrade {
  /** The request with the header `Upgrade`. */
  readonly request: IncomingMessage
  /** The connection of the request. */
  readonly socket: Duplex
  /** What the client sent after the request. */
  readonly head: Buffer
}

/** How long a client may take to close its socket after the session has ended. */
const CLOSE_TIMEOUT_MS = 1000

/** The close code of a server that stops (RFC 6455 section 7.4.1). */
const GOING_AWAY = 1001

/** Upgrades a request whose session is valid, else answers it with a problem. */
export async function upgradeWebSocket<Socket extends WebSocketLike>(
  handshakes: HandshakeChecker,
  sessions: SocketSessions,
  server: UpgradeServer<Socket>,
  { request, socket, head }: Upgrade,
): Promise<void> {
  // A client may disconnect while its session is checked.
  socket.on('error', () => undefined)
  const headers = new NodeHeaders(request.headers)
  const peer = request.socket.remoteAddress ?? null
  try {
    const { current, source } = await handshakes.check({ headers, peer, door: 'websocket' })
    sessions.check(current)
    if (socket.destroyed) return
    server.handleUpgrade(request, socket, head, (opened) => {
      const close = (reason: string) => {
        const leaving = reason === 'server_closing'
        opened.close(leaving ? GOING_AWAY : ERROR_TABLE.session_revoked.close, reason.slice(0, 100))
        setTimeout(() => opened.terminate(), CLOSE_TIMEOUT_MS).unref()
      }
      const { session, leave } = sessions.open(current, { door: 'websocket', close }, source)
      opened.on('close', leave)
      opened.on('message', () => void session.use())
      server.emit('connection', opened, request, session)
    })
  } catch (error) {
    await refuseUpgrade(socket, refusalOf(error))
  }
}

async function refuseUpgrade(socket: Duplex, refusal: Refusal): Promise<void> {
  const response = problem(refusal)
  const body = await response.text()
  // A client that does not close its end would keep the socket.
  socket.once('finish', () => socket.destroy())
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.end(
    `HTTP/1.1 ${response.status} ${refusal.code}\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
