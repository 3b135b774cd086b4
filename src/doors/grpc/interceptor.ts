import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js'
import type { Connection, Connections } from '../../connections/index.ts'
import { refusalOf } from '../../core/errors.ts'
import type { Authenticated, Authority, Refusal } from '../../core/index.ts'
import { Caller } from './caller.ts'
import { TOKEN_KEY, tokenOf } from './credentials.ts'
import { refusalOfEnd, statusOf } from './status.ts'

/** What a method asks of the session: `optional` takes a token that is no good for none, `none` does not look. */
export type CallNeed = 'required' | 'optional' | 'none'

export interface SessionInterceptorOptions {
  /** What a method, by its path (`/package.Service/Method`), asks of the session: `required` by default. */
  readonly session?: CallNeed | ((path: string) => CallNeed)
  /** Ends streams the moment their session ends, with the reason. Without, a stream's session is checked once, when it begins. */
  readonly connections?: Connections
  /** Whether a method's answer may carry the next token, by its path. All may by default. */
  readonly refreshes?: (path: string) => boolean
  /** Told of failures that no client is told of. `console.error` by default. */
  readonly onError?: (error: unknown, what: string) => void
}

/** A call as the interceptor knows it. */
export interface InterceptedCall {
  readonly token: string | null
  readonly current: Authenticated | null
  readonly caller: Caller
}

// On the metadata itself, which the handler gets: a weak map of every call costs the collector more than the check.
const CALL = Symbol('call')
type Marked = Metadata & { [CALL]?: InterceptedCall }

/** What {@link sessionInterceptor} found out about a call. Throws where it was not in its way. */
export function interceptedCall({ metadata }: { readonly metadata: Marked }): InterceptedCall {
  const found = metadata[CALL]
  if (found === undefined) throw new Error('The call has passed no session interceptor.')
  return found
}

/** The session of a call that has passed a {@link sessionInterceptor}; null where it has none. */
export function sessionOf(call: { readonly metadata: Metadata }): Authenticated | null {
  return interceptedCall(call).current
}

/**
 * Checks the session of every call of a grpc-js server: `new Server({ interceptors: [sessionInterceptor(authority)] })`. A call without a
 * good token is refused before its handler runs; the handler finds the session with {@link sessionOf}. When the next token is due it goes
 * with the leading metadata of the answer.
 */
export function sessionInterceptor(
  authority: Authority,
  options: SessionInterceptorOptions = {},
): ServerInterceptor {
  const { session = 'required', refreshes = () => true } = options
  const onError = options.onError ?? ((error, what) => console.error('latchkey:', what, error))
  const needOf = typeof session === 'string' ? () => session : session
  return ({ path, requestStream, responseStream }, call) => {
    const connections = requestStream || responseStream ? options.connections : undefined
    const entry = new Entry(authority, call, needOf(path), refreshes(path), connections)
    return new ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, proceed) {
            entry.enter(metadata).then(
              (refusal) => {
                if (refusal === null) proceed(metadata)
                else call.sendStatus(statusOf(refusal))
              },
              (error: unknown) => {
                if (entry.gone) return
                onError(error, path)
                call.sendStatus(statusOf(refusalOf(error)))
              },
            )
          },
          onCancel: () => entry.leave(),
        })
      },
      sendMetadata(metadata, next) {
        if (entry.nextToken !== null) metadata.set(TOKEN_KEY, `Bearer ${entry.nextToken}`)
        next(metadata)
      },
      // A handler may not know yet that its call is over; what it would still say must not get in the way of why.
      sendMessage(message, next) {
        if (!entry.over) next(message)
      },
      sendStatus(status, next) {
        if (!entry.over) next(status)
      },
    })
  }
}

/** The way of one call past the check. */
class Entry {
  readonly #authority: Authority
  readonly #call: ServerInterceptingCallInterface
  readonly #need: CallNeed
  readonly #refreshes: boolean
  readonly #connections: Connections | undefined
  #caller: Caller | null = null
  #connection: Connection | null = null
  /** Whether the session has ended, and the client was told. */
  over = false
  /** The token that the answer is to carry. */
  nextToken: string | null = null

  constructor(
    authority: Authority,
    call: ServerInterceptingCallInterface,
    need: CallNeed,
    refreshes: boolean,
    connections: Connections | undefined,
  ) {
    this.#authority = authority
    this.#call = call
    this.#need = need
    this.#refreshes = refreshes
    this.#connections = connections
  }

  get gone(): boolean {
    return this.#caller?.gone ?? false
  }

  /** Null for a call that may go on. */
  async enter(metadata: Marked): Promise<Refusal | null> {
    const need = this.#need
    const caller = new Caller(this.#call, metadata)
    this.#caller = caller
    const token = need === 'none' ? null : tokenOf(metadata)
    let current: Authenticated | null = null
    if (need === 'required' || token !== null) {
      const check = await this.#authority.authenticate(token, caller)
      if (check.ok) current = check
      else if (need === 'required' || check.code === 'unavailable') return check
    }
    metadata[CALL] = { token, current, caller }
    if (current === null || token === null || caller.gone) return null
    await this.#refresh(current, token, caller)
    if (this.#connections !== undefined && !caller.gone) this.#stand(this.#connections, current)
    return null
  }

  async #refresh(current: Authenticated, token: string, caller: Caller): Promise<void> {
    if (!this.#refreshes || !this.#authority.refreshDue(current, token, caller)) return
    const refreshed = await this.#authority.refresh(token, caller)
    // The call is good all the same; the next one tries again.
    if (refreshed.ok && refreshed.token !== token) this.nextToken = refreshed.token
  }

  #stand(connections: Connections, current: Authenticated): void {
    this.#connection = connections.open(current, {
      door: 'grpc',
      close: (reason) => {
        this.over = true
        this.#call.sendStatus(statusOf(refusalOfEnd(reason)))
      },
    })
  }

  leave(): void {
    this.#caller?.leave()
    this.#connection?.leave()
  }
}
