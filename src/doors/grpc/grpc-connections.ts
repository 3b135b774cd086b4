import type { Socket } from 'node:net'
import type { ServerInterceptingCallInterface } from '@grpc/grpc-js'
import { type RequestLane, RequestQueue } from '../../connections/request-queue.ts'

/** What a listener is told of a connection. */
export interface GrpcPeer {
  /** Called when a call of the connection has a valid session. */
  authenticated(): void
  /** Called for every call. */
  used(): void
}

/** A connection whose calls are counted. */
export interface GrpcConnection {
  /** Whether no call is under way. Streams do not count once they have begun. */
  readonly idle: boolean
}

/** The calls of one connection, and its listener. */
export interface CallLane {
  readonly lane: RequestLane
  readonly peer: GrpcPeer
}

const NEVER_STALLED = () => false

/** The connections of a door. grpc-js does not say on which connection a call arrives, but from which address and port. */
export class GrpcConnections {
  readonly #queue = new RequestQueue({ maxUnderWay: 16 })
  readonly #open = new Map<string, CallLane>()

  /** Follows a connection until it closes. */
  follow(socket: Socket, peer: GrpcPeer): GrpcConnection {
    const key = keyOf(socket)
    const lane = this.#queue.open(NEVER_STALLED)
    const entry = { lane, peer }
    this.#open.set(key, entry)
    socket.once('close', () => {
      lane.close()
      if (this.#open.get(key) === entry) this.#open.delete(key)
    })
    return lane
  }

  /** Returns the connection of a call; undefined for one that is not followed. */
  of(call: ServerInterceptingCallInterface): CallLane | undefined {
    return this.#open.size === 0 ? undefined : this.#open.get(keyOf(call.getConnectionInfo()))
  }
}

function keyOf(ends: {
  readonly remoteAddress?: string | undefined
  readonly remotePort?: number | undefined
}): string {
  return `${ends.remotePort} ${ends.remoteAddress}`
}
