import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Connections } from '../../../connections/index.ts'
import { type CallOptions, LatchkeyError } from '../../../core/index.ts'
import type { Services } from '../application/services.ts'
import { type CorsOptions, corsHeaders } from '../wire/cors.ts'
import { sendEmpty, sendStatus } from '../wire/response.ts'
import { findStream } from './find-stream.ts'
import { DEFAULT_STREAM_LIMITS, type StreamLimits } from './limits.ts'
import { Poll, sendPacks, sendRefusal } from './poll.ts'
import { readStreamQuery, type StreamQuery } from './query.ts'
import { unsetPacks } from './session-stream.ts'
import { createSocketServer } from './socket-server.ts'
import { StreamTable } from './stream-table.ts'

export interface MessageStreamOptions {
  /** What runs behind the door whose sessions these are. */
  readonly services: Services
  readonly connections: Pick<Connections, 'open'>
  /** `/msgstream` by default. */
  readonly path?: string
  /** How long a long poll waits before it is answered with nothing, in milliseconds: 60,000 by default. */
  readonly heartbeatMs?: number
  /** How often a socket is asked whether it is there, in milliseconds: 30,000 by default. One that does not answer is cut at the next. */
  readonly pingEveryMs?: number
  readonly limits?: Partial<StreamLimits>
  /** Where a request comes from. */
  readonly callerOf: (request: IncomingMessage) => CallOptions
  /** Whether the `Host` header of a request is served; any by default. */
  readonly allowsHost?: (request: IncomingMessage) => boolean
  /** What pages of other origins may do: nothing by default. */
  readonly cors?: CorsOptions | null
  /** Told of failures that no client is told of, never with a session key. Those of the door by default. */
  readonly onError?: (error: unknown, what: string) => void
}

/** MAGE's message stream: short polling, long polling and WebSocket. */
export interface MessageStream {
  /** Takes a request, to be answered; false, with nothing done, for one of another path. */
  handle(request: IncomingMessage, response: ServerResponse): boolean
  /** Takes the upgrade of a connection; false, with nothing done, for one of another path. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
  /** How many sessions have a stream here. */
  readonly size: number
  /** Answers what waits, closes every socket with 1001, and stops. */
  close(): void
}

/** Makes the message stream of a MAGE door. */
export function createMessageStream(options: MessageStreamOptions): MessageStream {
  const { services, connections, path = '/msgstream', heartbeatMs = 60_000 } = options
  const { callerOf, allowsHost = () => true, cors = null, pingEveryMs = 30_000 } = options
  const limits = { ...DEFAULT_STREAM_LIMITS, ...options.limits }
  const tell = options.onError ?? services.onError
  const onError = (error: unknown) => tell(error, 'mage message stream')
  const streams = new StreamTable({
    connections,
    limits,
    now: () => services.authority.now(),
    sweepEveryMs: Math.min(1_000, Math.max(10, Math.min(heartbeatMs, pingEveryMs) / 4)),
    onError,
  })
  const find = findStream(services, streams)
  const sockets = createSocketServer({ find, limits, pingEveryMs, onError })

  const poll = async (
    { request, response, first }: Exchange,
    { transport, sessionKey, confirmIds }: StreamQuery,
  ): Promise<void> => {
    if (transport !== 'shortpolling' && transport !== 'longpolling') {
      const named = String(transport).slice(0, 256)
      return sendRefusal(response, `Unknown HTTP transport: ${named}`, first)
    }
    if (sessionKey === null) return sendRefusal(response, 'Unknown error', first)
    const found = await find(sessionKey, callerOf(request))
    if (response.destroyed) return
    if (!found.ok) return sendPacks(response, unsetPacks(found.reason), first)
    const { stream } = found
    stream.confirm(confirmIds)
    if (transport === 'longpolling') {
      stream.attach(new Poll({ response, first, listener: stream, heartbeatMs }))
      return
    }
    const packs = stream.take()
    if (packs === null) sendStatus(response, 204, first)
    else sendPacks(response, packs, first)
  }

  const answer = async (exchange: Exchange, query: StreamQuery): Promise<void> => {
    const { request, response, first } = exchange
    request.resume()
    if (!allowsHost(request)) return sendStatus(response, 403, first)
    if (request.method === 'OPTIONS') return sendEmpty(response, 200, first)
    if (request.method === 'HEAD') return sendStatus(response, 200, first)
    return poll(exchange, query)
  }

  return {
    handle(request, response) {
      const query = readStreamQuery(request.url ?? '', path, limits.confirmIds)
      if (query === null) return false
      const first = corsHeaders(request, cors)
      answer({ request, response, first }, query).catch((error: unknown) => {
        onError(error)
        if (response.headersSent) response.destroy()
        else sendStatus(response, statusOf(error), first)
      })
      return true
    },
    upgrade(request, socket, head) {
      const query = readStreamQuery(request.url ?? '', path, limits.confirmIds)
      if (query === null) return false
      if (allowsHost(request)) sockets.take({ request, socket, head }, query, callerOf)
      else refuse(socket, 'HTTP/1.1 403 Forbidden\r\ncontent-type: text/html\r\n\r\n')
      return true
    },
    get size() {
      return streams.size
    },
    close() {
      streams.close()
      sockets.close()
    },
  }
}

/** One request under way. */
interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The headers that the answer begins with. */
  readonly first: readonly string[]
}

function statusOf(error: unknown): number {
  return error instanceof LatchkeyError && error.code === 'unavailable' ? 503 : 500
}

/** Refuses an upgrade that nobody took, as MAGE does. */
export function refuseUpgrade(socket: Duplex): void {
  refuse(socket, 'HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\n\r\n')
}

function refuse(socket: Duplex, answer: string): void {
  socket.on('error', () => undefined)
  socket.end(answer, () => socket.destroy())
}
