import type { IncomingHttpHeaders } from 'node:http'
import { refusalOf } from '../../core/errors.ts'
import { NodeHeaders } from '../../http/index.ts'
import type { HandshakeChecker } from './handshake.ts'
import type { SocketSession, SocketSessions } from './socket-session.ts'

/** The event that a client gets before its socket closes, with `{ reason }`. */
export const ENDED_EVENT = 'session:ended'

/** The parts of a socket of Socket.IO that are used. */
export interface SocketIoSocket {
  /** The request that opened the socket. */
  readonly handshake: {
    readonly headers: IncomingHttpHeaders
    /** What the client gave as `auth`; `token` is the token of a bearer session. */
    readonly auth: Readonly<Record<string, unknown>>
    readonly address: string
  }
  /** Gets the session as `data.session`. */
  data: { session?: SocketSession }
  /** Sends an event to the client. */
  emit(event: string, value: unknown): unknown
  /** Disconnects the socket, with its transport. */
  disconnect(close: boolean): unknown
  /** Calls `listener` when the socket has disconnected. */
  on(event: 'disconnect', listener: () => void): unknown
  /** Calls `listener` with each event of the client. */
  onAny(listener: () => void): unknown
}

/** Opens the session of a socket, or passes an error whose `data` has the code to `next`. */
export async function openSocketIo(
  handshakes: HandshakeChecker,
  sessions: SocketSessions,
  socket: SocketIoSocket,
  next: (error?: Error) => void,
): Promise<void> {
  const { headers, auth, address } = socket.handshake
  try {
    const { current, source } = await handshakes.check({
      headers: new NodeHeaders(headers),
      peer: address,
      door: 'socket.io',
      token: typeof auth['token'] === 'string' ? auth['token'] : null,
    })
    sessions.check(current)
    const close = (reason: string) => {
      if (reason !== 'server_closing') socket.emit(ENDED_EVENT, { reason })
      socket.disconnect(true)
    }
    const { session, leave } = sessions.open(current, { door: 'socket.io', close }, source)
    socket.on('disconnect', leave)
    socket.onAny(() => void session.use())
    socket.data.session = session
  } catch (error) {
    const { code, message, reason } = refusalOf(error)
    next(Object.assign(new Error(message), { data: { code, reason } }))
    return
  }
  next()
}
