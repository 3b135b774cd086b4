import type { LatchkeyError } from '../../core/errors.ts'
import type { SessionLogger } from '../session/token-file.ts'
import type { AskOptions, LineLimits } from './line.ts'
import type { AngenUser, AnswerOf, CommandOf, PushOf } from './messages.ts'
import type { AngenAddress } from './open-socket.ts'
import type { AngenCredentials } from './token-keeper.ts'
import type { AngenTokenStore } from './token-store.ts'

/** Options of `connectAngen`. */
export interface AngenClientOptions extends AngenAddress, Partial<LineLimits> {
  /** The client's own description of itself, such as `my-game/1.2`. */
  readonly userAgent: string
  /**
   * Where the pair of codes is stored: a folder, for its file `token`, or a store of the application. Absent: the client does not
   * log in by itself.
   */
  readonly session?: string | AngenTokenStore | undefined
  /**
   * Returns a name, an e-mail address or an id, and a password. Called if no pair is stored or the stored one has expired; null gives
   * up. A refused password ends the client without another call. Absent: gives up.
   */
  readonly getCredentials?:
    | ((signal: AbortSignal) => AngenCredentials | null | Promise<AngenCredentials | null>)
    | undefined
  /** Whether the client logs in as a bot. False by default. */
  readonly bot?: boolean | undefined
  /** Ends the client when it fires. */
  readonly signal?: AbortSignal | undefined
  /** Called after each login: the first, and that of every reconnection. */
  readonly onConnected?: ((user: AngenUser | null) => void) | undefined
  /** Called with the reason of a reconnection and with errors. Ignored by default. */
  readonly logger?: SessionLogger | undefined
  /** How long the first connection may take with its retries: 10,000 ms by default. */
  readonly patienceMs?: number | undefined
  /** How long one attempt to connect, and one answer, may take: 10,000 ms by default. */
  readonly requestTimeoutMs?: number | undefined
  /** After how long without a request the client pings the server: 25,000 ms by default. The server closes a connection after 60 s. */
  readonly keepAliveMs?: number | undefined
  /** The longest wait between attempts to reconnect: 30,000 ms by default. */
  readonly maxBackoffMs?: number | undefined
}

/** A client of Angen that stays logged in. */
export interface AngenClient {
  /** The user that is logged in. */
  readonly user: AngenUser | null
  /** Whether the client is connected. */
  readonly connected: boolean
  /** Resolves when the client has closed and does not reconnect: with null after {@link close}, else with the reason. */
  readonly closed: Promise<LatchkeyError | null>
  /**
   * Sends a request and resolves with the body of the answer. While the client reconnects, requests wait within their time. Rejects
   * with the server's refusal (`AngenRefusal`), with `timeout` or `busy`, or with `unavailable` if the connection was lost before the
   * answer: the request may have been executed, and is not sent again.
   */
  request<Name extends string>(
    name: Name,
    command: CommandOf<Name>,
    options?: AskOptions,
  ): Promise<AnswerOf<Name>>
  /** Calls `listener` with every push of a name, or with all for `*`. Returns a function that removes the listener. */
  on<Name extends string>(
    name: Name,
    handler: (message: PushOf<Name>, name: string) => void,
  ): () => void
  /** Closes the connection and keeps the stored pair of codes. Idempotent. */
  close(): Promise<void>
}
