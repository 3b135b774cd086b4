import type { Connection, ConnectionEnds, Connections } from '../../connections/index.ts'
import {
  type Authenticated,
  type Authority,
  type CallOptions,
  LatchkeyError,
  type LoggedIn,
  type Refusal,
} from '../../core/index.ts'

/** The session of an open socket. */
export interface SocketSession {
  /** The session and its actor, as they were last checked. */
  readonly current: Authenticated
  /**
   * Checks the session again and counts as a use of it. Returns false if the session has ended, and
   * the socket is then closed, or if the store cannot be reached.
   */
  use(): Promise<boolean>
  /**
   * Exchanges the session's renewal code for the next token and code, as `authority.renew` does. The
   * socket stays open.
   */
  renew(renewal: string): Promise<LoggedIn | Refusal>
}

/** An open session, and what removes it when the socket closes. */
export interface OpenedSession {
  readonly session: SocketSession
  leave(): void
}

/** Opens the sessions of sockets, at most so many of one session. */
export class SocketSessions {
  readonly #authority: Authority
  readonly #connections: Connections
  readonly #maxPerSession: number
  readonly #open = new Map<string, number>()

  constructor(authority: Authority, connections: Connections, maxPerSession: number) {
    this.#authority = authority
    this.#connections = connections
    this.#maxPerSession = maxPerSession
  }

  /** Throws `throttled` if the session has too many sockets. */
  check({ session: { id } }: Authenticated): void {
    if ((this.#open.get(id) ?? 0) < this.#maxPerSession) return
    throw new LatchkeyError('throttled', 'The session has too many open sockets.')
  }

  /** Registers a socket. `ends.close` is called with the reason when the session ends. */
  open(current: Authenticated, ends: ConnectionEnds, source: CallOptions): OpenedSession {
    const { id } = current.session
    this.#open.set(id, (this.#open.get(id) ?? 0) + 1)
    const connection = this.#connections.open(current, ends)
    let left = false
    return {
      session: this.#sessionOf(connection, source),
      leave: () => {
        if (left) return
        left = true
        connection.leave()
        const others = (this.#open.get(id) ?? 1) - 1
        if (others === 0) this.#open.delete(id)
        else this.#open.set(id, others)
      },
    }
  }

  #sessionOf(connection: Connection, source: CallOptions): SocketSession {
    return {
      get current() {
        return connection.current
      },
      use: () => connection.use(),
      renew: (renewal) => this.#authority.renew(renewal, source),
    }
  }
}
