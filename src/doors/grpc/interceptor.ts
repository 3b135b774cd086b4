import {
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js'
import type { Connection, Connections } from '../../connections/index.ts'
import { refusalOf, refuse } from '../../core/errors.ts'
import type { Authenticated, Authority } from '../../core/index.ts'
import { Caller } from './caller.ts'
import { TOKEN_KEY, tokenOf } from './credentials.ts'
import type { CallLane } from './grpc-connections.ts'
import { refusalOfEnd, statusOf } from './status.ts'

/** What a method asks of the session: `optional` takes a token that is no good for none, `none` does not look. */
export type CallNeed = 'required' | 'optional' | 'none'

/** Options of `sessionInterceptor`. */
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
  return createInterceptor(authority, options, () => undefined)
}

/** Makes the interceptor of the door, which limits the calls that are under way on a connection. */
export function createInterceptor(
  authority: Authority,
  options: SessionInterceptorOptions,
  laneOf: (call: ServerInterceptingCallInterface) => CallLane | undefined,
): ServerInterceptor {
  const { session = 'required', refreshes = () => true } = options
  const onError = options.onError ?? ((error, what) => console.error('latchkey:', what, error))
  const needOf = typeof session === 'string' ? () => session : session
  return ({ path, requestStream, responseStream }, call) =>
    new SessionCall(call, {
      authority,
      path,
      need: needOf(path),
      refreshes: refreshes(path),
      connections: requestStream || responseStream ? options.connections : undefined,
      streams: requestStream || responseStream,
      laneOf,
      onError,
    })
}

type Listener = Parameters<ServerInterceptingCallInterface['start']>[0]

interface Asked {
  readonly authority: Authority
  readonly path: string
  readonly need: CallNeed
  readonly refreshes: boolean
  readonly connections: Connections | undefined
  readonly streams: boolean
  readonly laneOf: (call: ServerInterceptingCallInterface) => CallLane | undefined
  readonly onError: (error: unknown, what: string) => void
}

/**
 * A call on its way past the check, between the call and its handler in either direction. By its own methods, as the responder and
 * listener that grpc-js takes cost a dozen functions a call. Nothing is read of the call before its metadata has been let through.
 */
class SessionCall extends ServerInterceptingCall implements Listener {
  readonly #call: ServerInterceptingCallInterface
  readonly #asked: Asked
  #listener: Listener | null = null
  #caller: Caller | null = null
  #connection: Connection | null = null
  /** The place of the call among those of its connection, while it is under way. */
  #lane: CallLane | null = null
  #ended = false
  /** The token that the answer is to carry, until it does. */
  #nextToken: string | null = null

  constructor(call: ServerInterceptingCallInterface, asked: Asked) {
    super(call)
    this.#call = call
    this.#asked = asked
  }

  override start(listener: Listener): void {
    this.#listener = listener
    this.#call.start(this)
  }

  onReceiveMetadata(metadata: Marked): void {
    const caller = new Caller(this.#call, metadata)
    this.#caller = caller
    const lane = this.#asked.laneOf(this.#call)
    if (lane === undefined) {
      this.#begin(metadata, caller)
      return
    }
    lane.peer.used()
    const start = () => {
      this.#lane = lane
      if (caller.gone) this.#leaveLane()
      else this.#begin(metadata, caller)
    }
    if (!lane.lane.enter(start)) {
      this.sendStatus(statusOf(refuse('busy', 'Too many calls wait on this connection.')))
    }
  }

  #begin(metadata: Marked, caller: Caller): void {
    this.#enter(metadata, caller)
      .catch((error: unknown) => {
        if (caller.gone) return
        const refusal = refusalOf(error)
        if (refusal.code === 'internal') this.#asked.onError(error, this.#asked.path)
        this.#call.sendStatus(statusOf(refusal))
      })
      .finally(() => {
        // A stream may stay open for hours.
        if (this.#asked.streams) this.#leaveLane()
      })
  }

  #leaveLane(): void {
    const lane = this.#lane
    this.#lane = null
    lane?.lane.finish()
  }

  async #enter(metadata: Marked, caller: Caller): Promise<void> {
    const { authority, need, refreshes, connections } = this.#asked
    const token = need === 'none' ? null : tokenOf(metadata)
    let current: Authenticated | null = null
    if (need === 'required' || token !== null) {
      const check = await authority.authenticate(token, caller)
      if (check.ok) current = check
      else if (need === 'required' || check.code === 'unavailable') {
        return this.#call.sendStatus(statusOf(check))
      }
    }
    if (current !== null && token !== null && refreshes && !caller.gone) {
      if (authority.sessions.refreshDue(current, caller)) await this.#refresh(current, caller)
    }
    if (current !== null) this.#lane?.peer.authenticated()
    if (caller.gone) return
    if (current !== null && connections !== undefined) this.#stand(connections, current)
    metadata[CALL] = { token, current, caller }
    this.#listener?.onReceiveMetadata(metadata)
  }

  async #refresh(current: Authenticated, caller: Caller): Promise<void> {
    const refreshed = await this.#asked.authority.sessions.refresh(current, caller)
    // The call is good all the same; the next one tries again.
    if (refreshed.ok) this.#nextToken = refreshed.token
  }

  #stand(connections: Connections, current: Authenticated): void {
    this.#connection = connections.open(current, {
      door: 'grpc',
      close: (reason) => this.sendStatus(statusOf(refusalOfEnd(reason))),
    })
  }

  onReceiveMessage(message: unknown): void {
    if (this.#caller?.gone !== true) this.#listener?.onReceiveMessage(message)
  }

  onReceiveHalfClose(): void {
    if (this.#caller?.gone !== true) this.#listener?.onReceiveHalfClose()
  }

  onCancel(): void {
    this.#caller?.leave()
    this.#leaveLane()
    this.#connection?.leave()
    this.#listener?.onCancel()
  }

  override sendMetadata(metadata: Metadata): void {
    if (this.#nextToken !== null) metadata.set(TOKEN_KEY, `Bearer ${this.#nextToken}`)
    this.#nextToken = null
    this.#call.sendMetadata(metadata)
  }

  override sendMessage(message: unknown, callback: () => void): void {
    // One more message behind the end would keep the end from being sent.
    if (this.#ended) {
      callback()
      return
    }
    // A handler that sends no metadata leaves it to the call below, which knows of no token.
    if (this.#nextToken !== null) this.sendMetadata(new Metadata())
    this.#call.sendMessage(message, callback)
  }

  override sendStatus(status: Parameters<ServerInterceptingCallInterface['sendStatus']>[0]): void {
    if (this.#ended) return
    this.#ended = true
    this.#call.sendStatus(status)
  }
}
