import type { Socket } from 'node:net'
import { Server, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js'
import { HealthImplementation } from 'grpc-health-check'
import type { OnAnswered, Pipeline } from '../../commands/index.ts'
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

/** The limits of a client of the gRPC door. */
export interface GrpcLimits {
  /** The largest message in bytes: 65,536 by default. */
  readonly messageBytes: number
  /** The largest number of simultaneous calls on one connection: 100 by default. */
  readonly callsPerConnection: number
  /** The largest number of characters of events that a client of `Watch` may leave unread: 65,536 by default. */
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
  /** The format of the tokens that `SessionUnlock` returns: `jwt` by default. */
  readonly format?: string
  /** Limits of calls and streams, where the defaults do not fit. */
  readonly limits?: Partial<GrpcLimits>
  /** Receives the report of each call. */
  readonly onAnswered?: OnAnswered
  /** Called with errors that no answer reports. `console.error` by default. */
  readonly onError?: (error: unknown, what: string) => void
}

/** The gRPC door. A listener passes it connections. */
export interface GrpcDoor {
  /** With the services `latchkey.v1.Agent`, `latchkey.v1.Sessions`, health and reflection; others may be added. */
  readonly server: Server
  /** Follows a connection that the server is given: limits its calls, and reports them to `peer`. */
  follow(socket: Socket, peer: GrpcPeer): GrpcConnection
  /** Sets whether the health service reports that the server is serving. */
  setServing(serving: boolean): void
  /** Ends every stream: `UNAVAILABLE`. */
  endStreams(): void
}

const DEFAULT_LIMITS: GrpcLimits = {
  messageBytes: 65_536,
  callsPerConnection: 100,
  unreadChars: 65_536,
}

/** Above this number of unread bytes a client cannot begin new calls. grpc-js sets no limit by itself. */
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

/** Methods that end the token of the call, or that return one. */
const WITHOUT_REFRESH: ReadonlySet<string> = new Set([
  `${AGENT}SessionRefresh`,
  `${AGENT}SessionLockAll`,
  `${AGENT}AgentStop`,
  `${SESSIONS}Login`,
  `${SESSIONS}Revoke`,
])

/** A client may call any path. Those of no service are counted as one. */
const ROUTES: ReadonlySet<string> = new Set([
  ...Agent.methods.map(({ name }) => AGENT + name),
  ...Sessions.methods.map(({ name }) => SESSIONS + name),
  ...['Check', 'Watch', 'List'].map((name) => `/grpc.health.v1.Health/${name}`),
  ...['v1', 'v1alpha'].map((v) => `/grpc.reflection.${v}.ServerReflection/ServerReflectionInfo`),
])

function routeOf(path: string): string {
  return ROUTES.has(path) ? path : '(none)'
}

/** Returns the session need of a method of the door, by its path. */
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
  const followed = new GrpcConnections(limits.callsPerConnection)
  const session = createInterceptor(
    authority,
    { session: needOf, refreshes: (path) => !WITHOUT_REFRESH.has(path), onError },
    { laneOf: (call) => followed.of(call), routeOf, onAnswered: options.onAnswered },
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

/** A call that reads the next message only when its client has read the previous answers. */
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

/** The calls in progress that do not end by themselves. */
class StreamTable {
  readonly #open = new Set<ServerInterceptingCall>()

  /** Intercepts a call, and keeps the intercepted call, which alone can be ended. */
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
    const status = statusOf(refuse('unavailable', 'The server is closing.', { source: 'shutdown' }))
    for (const call of this.#open) call.sendStatus(status)
  }
}
