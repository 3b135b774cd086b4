import {
  status as grpcStatus,
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js'
import { type OnAnswered, RequestRecord } from '../../commands/index.ts'
import type { Connection, Connections } from '../../connections/index.ts'
import { refusalOf, refuse } from '../../core/errors.ts'
import type { Authenticated, Authority, Refusal } from '../../core/index.ts'
import { createRequestId, isRequestId } from '../../core/request-id.ts'
import { Caller } from './caller.ts'
import { TOKEN_KEY, tokenOf } from './credentials.ts'
import type { CallLane } from './grpc-connections.ts'
import { refusalOfEnd, refusalOfStatus, statusOf } from './status.ts'

const { OK } = grpcStatus

/** The session need of a method: `optional` treats an invalid token as none, `none` reads no token. */
export type CallNeed = 'required' | 'optional' | 'none'

/** Options of `sessionInterceptor`. */
export interface SessionInterceptorOptions {
  /** The session need of a method, or a function of its path (`/package.Service/Method`): `required` by default. */
  readonly session?: CallNeed | ((path: string) => CallNeed)
  /** Ends streams when their session ends, with the reason. Without it the session of a stream is checked once, when it begins. */
  readonly connections?: Connections
  /** Whether a method's answer may carry the next token, by its path. All may by default. */
  readonly refreshes?: (path: string) => boolean
  /** Called with errors that no answer reports. `console.error` by default. */
  readonly onError?: (error: unknown, what: string) => void
}

/** The data of a call in the interceptor. */
export interface InterceptedCall {
  readonly token: string | null
  readonly current: Authenticated | null
  readonly caller: Caller
}

// Stored on the metadata, which the handler receives: a weak map of every call costs the garbage collector more than the check.
const CALL = Symbol('call')
type Marked = Metadata & { [CALL]?: InterceptedCall }

/** Returns the result of {@link sessionInterceptor} for a call. Throws if the call did not pass it. */
export function interceptedCall({ metadata }: { readonly metadata: Marked }): InterceptedCall {
  const found = metadata[CALL]
  if (found === undefined) throw new Error('The call has passed no session interceptor.')
  return found
}

/** Returns the session of a call that has passed a {@link sessionInterceptor}; null if it has none. */
export function sessionOf(call: { readonly metadata: Metadata }): Authenticated | null {
  return interceptedCall(call).current
}

/**
 * Checks the session of every call of a grpc-js server: `new Server({ interceptors: [sessionInterceptor(authority)] })`. A call without a
 * valid token is refused before its handler runs; the handler reads the session with {@link sessionOf}. When the next token is due, it is
 * in the leading metadata of the answer.
 */
export function sessionInterceptor(
  authority: Authority,
  options: SessionInterceptorOptions = {},
): ServerInterceptor {
  return createInterceptor(authority, options)
}

/** What the interceptor of the door does beside the check of the session. */
export interface DoorHooks {
  /** Returns the connection of a call, which limits the calls that are under way. */
  readonly laneOf?: (call: ServerInterceptingCallInterface) => CallLane | undefined
  /** Returns the name under which a method is counted. */
  readonly routeOf?: (path: string) => string
  readonly onAnswered?: OnAnswered | undefined
}

/** Makes the interceptor of the door. */
export function createInterceptor(
  authority: Authority,
  options: SessionInterceptorOptions,
  { laneOf = () => undefined, routeOf = (path) => path, onAnswered }: DoorHooks = {},
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
      route: routeOf(path),
      onAnswered,
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
  readonly route: string
  readonly onAnswered: OnAnswered | undefined
  readonly onError: (error: unknown, what: string) => void
}

/**
 * A call that passes the check, between the call and its handler in both directions. A class with methods, because the responder and
 * listener of grpc-js cost a dozen functions a call. Nothing is read of the call before its metadata has passed.
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
  #record: RequestRecord | null = null
  /** The token for the metadata of the answer, until it is sent. */
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
    if (this.#asked.onAnswered !== undefined) this.#record = this.#begun(metadata, lane)
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
      this.sendStatus(
        statusOf(
          refuse('busy', 'Too many calls wait on this connection.', { source: 'request_queue' }),
        ),
      )
    }
  }

  #begun(metadata: Metadata, lane: CallLane | undefined): RequestRecord {
    const [sent] = lane?.peer.trusted === true ? metadata.get('x-request-id') : []
    const id = typeof sent === 'string' && isRequestId(sent) ? sent : createRequestId()
    const { streams, route } = this.#asked
    return new RequestRecord('grpc', { id, method: streams ? 'stream' : 'call', route })
  }

  #report(status: string, refusal: Refusal | null): void {
    const record = this.#record
    this.#record = null
    if (record !== null) this.#asked.onAnswered?.(record.answered(status, refusal))
  }

  #begin(metadata: Marked, caller: Caller): void {
    this.#enter(metadata, caller)
      .catch((error: unknown) => {
        if (caller.gone) return
        const refusal = refusalOf(error)
        if (refusal.code === 'internal') this.#asked.onError(error, this.#asked.path)
        this.sendStatus(statusOf(refusal))
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
        return this.sendStatus(statusOf(check))
      }
    }
    if (current !== null && token !== null && refreshes && !caller.gone) {
      if (authority.sessions.refreshDue(current, caller)) await this.#refresh(current, caller)
    }
    if (current !== null) {
      this.#lane?.peer.authenticated()
      this.#record?.resolved(current)
    }
    if (caller.gone) return
    if (current !== null && connections !== undefined) this.#stand(connections, current)
    metadata[CALL] = { token, current, caller }
    this.#listener?.onReceiveMetadata(metadata)
  }

  async #refresh(current: Authenticated, caller: Caller): Promise<void> {
    const refreshed = await this.#asked.authority.sessions.refresh(current, caller)
    // The call succeeds all the same; the next one tries again.
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
    this.#report('cancelled', null)
    this.#connection?.leave()
    this.#listener?.onCancel()
  }

  override sendMetadata(metadata: Metadata): void {
    if (this.#nextToken !== null) metadata.set(TOKEN_KEY, `Bearer ${this.#nextToken}`)
    this.#nextToken = null
    this.#call.sendMetadata(metadata)
  }

  override sendMessage(message: unknown, callback: () => void): void {
    // Another message after the end would prevent the end from being sent.
    if (this.#ended) {
      callback()
      return
    }
    // If the handler sends no metadata, the inner call sends it, without the token.
    if (this.#nextToken !== null) this.sendMetadata(new Metadata())
    this.#call.sendMessage(message, callback)
  }

  override sendStatus(status: Parameters<ServerInterceptingCallInterface['sendStatus']>[0]): void {
    if (this.#ended) return
    this.#ended = true
    const refusal = refusalOfStatus(status)
    if (refusal !== null && this.#record !== null) {
      status.metadata?.set('x-request-id', this.#record.id)
    }
    this.#report(refusal?.code ?? (status.code === OK ? 'ok' : 'error'), refusal)
    this.#call.sendStatus(status)
  }
}
