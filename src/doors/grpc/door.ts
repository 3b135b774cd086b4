import type { Socket } from 'node:net'
import { Server, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js'
import { HealthImplementation } from 'grpc-health-check'
import type { Pipeline } from '../../commands/index.ts'
import type { Connections } from '../../connections/index.ts'
import { refuse } from '../../core/errors.ts'
import type { Authority } from '../../core/index.ts'
import {
  Agent,
  file_latchkey_v1_agent,
  file_latchkey_v1_sessions,
  Sessions,
} from '../../protocol/grpc/index.ts'
import { agentService, type ServerInfo } from './agent-service.ts'
import { type GrpcConnection, GrpcConnections, type GrpcPeer } from './grpc-connections.ts'
import { addService } from './implement.ts'
import { type CallNeed, createInterceptor } from './interceptor.ts'
import { addReflection } from './reflection.ts'
import { sessionsService } from './sessions-service.ts'
import { statusOf } from './status.ts'

/** What a client may take of the door. */
export interface GrpcLimits {
  /** Bytes of one message: 65,536 by default. */
  readonly messageBytes: number
  /** Calls at once on one connection: 100 by default. */
  readonly callsPerConnection: number
  /** Characters of events that a reader of `Watch` may leave unread: 65,536 by default. */
  readonly unreadChars: number
}

/** Options of `createGrpcDoor`. */
export interface GrpcDoorOptions {
  /** Checks every session. */
  readonly authority: Authority
  /** Runs every method. */
  readonly pipeline: Pipeline
  /** The open connections of the server. */
  readonly connections: Connections
  /** Version and addresses, for `AgentStatus`. */
  readonly info: () => ServerInfo
  /** Stops the server, for `AgentStop`. */
  readonly onStop: () => void
  /** The format of the tokens that `SessionUnlock` gives: `jwt` by default. */
  readonly format?: string
  /** Limits of calls and streams, where the defaults do not fit. */
  readonly limits?: Partial<GrpcLimits>
  /** Told of failures that no client is told of. `console.error` by default. */
  readonly onError?: (error: unknown, what: string) => void
}

/** The gRPC door, to be given connections. */
export interface GrpcDoor {
  /** With the services `latchkey.v1.Agent`, `latchkey.v1.Sessions`, health and reflection; others may be added. */
  readonly server: Server
  /** Follows a connection that the server is given: limits its calls, and tells `peer` of them. */
  follow(socket: Socket, peer: GrpcPeer): GrpcConnection
  /** Says that the server is serving, or no longer, to those who ask after its health. */
  setServing(serving: boolean): void
  /** Ends every stream: `UNAVAILABLE`. */
  endStreams(): void
}

const DEFAULT_LIMITS: GrpcLimits = {
  messageBytes: 65_536,
  callsPerConnection: 100,
  unreadChars: 65_536,
}

/** Above this, what a client has not read keeps it from beginning new calls. grpc-js sets no limit by itself. */
const SESSION_MEMORY_MB = 4

const AGENT = `/${Agent.typeName}/`
const SESSIONS = `/${Sessions.typeName}/`

/** Methods for which the session is not required. */
const NEEDS: Readonly<Record<string, CallNeed>> = {
  [`${AGENT}SessionUnlock`]: 'none',
  [`${AGENT}AgentStatus`]: 'optional',
  [`${SESSIONS}Login`]: 'optional',
  [`${SESSIONS}LoginAnonymous`]: 'none',
  [`${SESSIONS}Renew`]: 'none',
  [`${SESSIONS}Command`]: 'optional',
}

/** Methods after which the token of the call is of no more use, or that answer with one. */
const WITHOUT_REFRESH: ReadonlySet<string> = new Set([
  `${AGENT}SessionRefresh`,
  `${AGENT}SessionLockAll`,
  `${AGENT}AgentStop`,
  `${SESSIONS}Login`,
  `${SESSIONS}Revoke`,
])

/** What a method of the door, by its path, asks of the session. */
export function needOf(path: string): CallNeed {
  if (path.startsWith(AGENT) || path.startsWith(SESSIONS)) return NEEDS[path] ?? 'required'
  return 'none'
}

/** Opens the gRPC door. */
export function createGrpcDoor(options: GrpcDoorOptions): GrpcDoor {
  const { authority, pipeline, connections } = options
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const onError =
    options.onError ?? ((error: unknown, what: string) => console.error('latchkey:', what, error))
  const streams = new StreamTable()
  const followed = new GrpcConnections()
  const session = createInterceptor(
    authority,
    { session: needOf, refreshes: (path) => !WITHOUT_REFRESH.has(path), onError },
    (call) => followed.of(call),
  )
  const server = new Server({
    interceptors: [(method, call) => streams.track(method, call, session)],
    'grpc.max_receive_message_length': limits.messageBytes,
    'grpc.max_concurrent_streams': limits.callsPerConnection,
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 20_000,
    'grpc.max_connection_idle_ms': 300_000,
    'grpc.enable_channelz': 0,
    'grpc-node.max_session_memory': SESSION_MEMORY_MB,
  })
  const unread = { connections, maxUnread: limits.unreadChars }
  const agent = agentService({ format: 'jwt', ...options })
  addService(server, Agent, agent, onError)
  addService(server, Sessions, sessionsService({ pipeline, ...unread }), onError)
  addReflection(server, [file_latchkey_v1_agent, file_latchkey_v1_sessions])
  const health = new HealthImplementation()
  health.addToServer(server)
  const setServing = (serving: boolean) => {
    for (const name of ['', Agent.typeName, Sessions.typeName]) {
      health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING')
    }
  }
  const follow: GrpcDoor['follow'] = (socket, peer) => followed.follow(socket, peer)
  return { server, follow, setServing, endStreams: () => streams.end() }
}

type Call = Parameters<ServerInterceptor>[1]

/** A call that reads the next message only when its client has taken the answers to the ones before. */
class PacedCall extends ServerInterceptingCall {
  #unread = 0
  #waiting = false

  override sendMessage(message: unknown, callback: () => void): void {
    this.#unread++
    super.sendMessage(message, () => {
      this.#unread--
      callback()
      if (!this.#waiting || this.#unread > 0) return
      this.#waiting = false
      super.startRead()
    })
  }

  override startRead(): void {
    if (this.#unread > 0) this.#waiting = true
    else super.startRead()
  }
}

/** The calls under way that would never end by themselves. */
class StreamTable {
  readonly #open = new Set<ServerInterceptingCall>()

  /** Intercepts a call, and holds on to what that makes of it, by which alone it is to be ended. */
  track(method: Parameters<ServerInterceptor>[0], call: Call, intercept: ServerInterceptor) {
    if (!method.responseStream) return intercept(method, call)
    const watched = new PacedCall(call, {
      start: (next) => {
        this.#open.add(intercepted)
        next({ onCancel: () => void this.#open.delete(intercepted) })
      },
    })
    const intercepted = intercept(method, watched)
    return intercepted
  }

  end(): void {
    const status = statusOf(refuse('unavailable', 'The server is closing.'))
    for (const call of this.#open) call.sendStatus(status)
  }
}
