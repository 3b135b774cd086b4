import { type Connections, createConnections } from '../../connections/index.ts'
import { HandshakeChecker, type HandshakeOptions } from './handshake.ts'
import { openSocketIo, type SocketIoSocket } from './socket-io.ts'
import { SocketSessions } from './socket-session.ts'
import {
  type Upgrade,
  type UpgradeServer,
  upgradeWebSocket,
  type WebSocketLike,
} from './web-sockets.ts'

/** Options of `createSocketGuard`. */
export interface SocketGuardOptions extends HandshakeOptions {
  /** The open connections of the application; by default the guard has its own. */
  readonly connections?: Connections
  /** How many sockets one session may have open at once: 20 by default. */
  readonly maxPerSession?: number
}

/**
 * Opens sockets only for live sessions and allowed origins, and closes them when their session ends.
 * Each message of a client counts as a use of its session.
 */
export interface SocketGuard {
  /**
   * Answers an upgrade for a `WebSocketServer` of `ws` with `noServer: true`. For a live session the
   * server emits `connection` with the socket, the request and the `SocketSession`; otherwise the
   * client gets the refusal as an HTTP answer. When the session ends, the socket closes with code 4401
   * and the reason.
   */
  upgrade<Socket extends WebSocketLike>(
    server: UpgradeServer<Socket>,
    upgrade: Upgrade,
  ): Promise<void>
  /**
   * A middleware for `io.use` of Socket.IO. The token is that of the client's `auth.token`, of the
   * header `Authorization` or of the session's cookie. `socket.data.session` is the `SocketSession`;
   * a refused client gets `connect_error` with `error.data.code`. When the session ends, the client
   * gets the event `session:ended` with `{ reason }`, and the socket disconnects.
   */
  readonly socketIo: (socket: SocketIoSocket, next: (error?: Error) => void) => void
  /** Closes the sockets, unless `connections` was given. */
  close(): Promise<void>
}

/** Makes the guard of an application's sockets. */
export function createSocketGuard(options: SocketGuardOptions): SocketGuard {
  const { authority, maxPerSession = 20 } = options
  const connections = options.connections ?? createConnections({ authority })
  const handshakes = new HandshakeChecker(options)
  const sessions = new SocketSessions(authority, connections, maxPerSession)
  return {
    upgrade: (server, upgrade) => upgradeWebSocket(handshakes, sessions, server, upgrade),
    socketIo: (socket, next) => void openSocketIo(handshakes, sessions, socket, next),
    async close() {
      if (options.connections === undefined) await connections.close()
    },
  }
}
