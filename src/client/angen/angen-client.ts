import type { LatchkeyError } from '../../core/errors.ts'
import type { SessionLogger } from '../session/token-file.ts'
import type { AskOptions, LineLimits } from './line.ts'
import type { AngenUser, AnswerOf, CommandOf, PushOf } from './messages.ts'
import type { AngenAddress } from './open-socket.ts'
import type { AngenCredentials } from './token-keeper.ts'
import type { AngenTokenStore } from './token-store.ts'

/** Options of `connectAngen`. */
export interface AngenClientOptions extends AngenAddress, Partial<LineLimits> {
  /** What the client calls itself. */
  readonly userAgent: string
  /**
   * Where its pair of codes is kept: a folder, for its file `token`, or a store of the application. Absent: it does not log in by
   * itself.
   */
  readonly session?: string | AngenTokenStore | undefined
  /**
   * Asked for a name, an e-mail address or an id, and a password, where no pair is kept or the one there is over; null gives up.
   * A password that is refused ends the client: nobody is asked again. Absent: gives up.
   */
  readonly getCredentials?:
    | ((signal: AbortSignal) => AngenCredentials | null | Promise<AngenCredentials | null>)
    | undefined
  /** Says at login that it is a bot. */
  readonly bot?: boolean | undefined
  /** Ends the client when it fires. */
  readonly signal?: AbortSignal | undefined
  /** Told after each login: the first, and that of every reconnection. */
  readonly onConnected?: ((user: AngenUser | null) => void) | undefined
  /** Hears why the client reconnects and what it could not do. Default: nobody. */
  readonly logger?: SessionLogger | undefined
  /** How long the first connection may take with its retries: 10,000 ms by default. */
  readonly patienceMs?: number | undefined
  /** How long one attempt to connect, and one answer, may take: 10,000 ms by default. */
  readonly requestTimeoutMs?: number | undefined
  /** After how long without a request the server is pinged: 25,000 ms by default. The server's own patience is 60 s. */
  readonly keepAliveMs?: number | undefined
  /** The longest wait between attempts to reconnect: 30,000 ms by default. */
  readonly maxBackoffMs?: number | undefined
}

/** A client of Angen that stays logged in. */
export interface AngenClient {
  /** Who is logged in. */
  readonly user: AngenUser | null
  /** Whether there is a connection now. */
  readonly connected: boolean
  /** Resolves when the client is closed for good: null by {@link close}, else why. */
  readonly closed: Promise<LatchkeyError | null>
  /**
   * Asks; resolves with the body of the answer. While it reconnects, requests wait, within their time. Rejects with what
   * the server refused (`AngenRefusal`), or with `timeout`, `busy`, or `unavailable` for a connection that broke before the answer: whether
   * it was done is unknown then, and it is not sent again.
   */
  request<Name extends string>(
    name: Name,
    command: CommandOf<Name>,
    options?: AskOptions,
  ): Promise<AnswerOf<Name>>
  /** Hears a push; returns how to stop. `*` hears all of them. */
  on<Name extends string>(
    name: Name,
    handler: (message: PushOf<Name>, name: string) => void,
  ): () => void
  /** Leaves, and keeps the pair of codes for the next time. Idempotent. */
  close(): Promise<void>
}
