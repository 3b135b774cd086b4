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

/** Options of `createMessageStream`. */
export interface MessageStreamOptions {
  /** The services of the MAGE door: `door.services`. */
  readonly services: Services
  /** Where the open streams are registered. */
  readonly connections: Pick<Connections, 'open'>
  /** The path of the stream: `/msgstream` by default. */
  readonly path?: string
  /** How long a long poll waits before it gets an empty response, in milliseconds: 60,000 by default. */
  readonly heartbeatMs?: number
  /** How often a WebSocket is pinged, in milliseconds: 30,000 by default. It is terminated if it has not responded by the next ping. */
  readonly pingEveryMs?: number
  /** The limits of streams. See `StreamLimits` for the defaults. */
  readonly limits?: Partial<StreamLimits>
  /** Returns the source of a request: `door.callerOf`. */
  readonly callerOf: (request: IncomingMessage) => CallOptions
  /** Returns whether the `Host` header of a request is served. Any is by default. */
  readonly allowsHost?: (request: IncomingMessage) => boolean
  /** Which pages of other origins may read the stream: none by default. */
  readonly cors?: CorsOptions | null
  /** Receives errors that are not reported to a client, never with a session key. The one of the door by default. */
  readonly onError?: (error: unknown, what: string) => void
}

/** MAGE's message stream: short polling, long polling and WebSocket. */
export interface MessageStream {
  /** Handles a request. Returns false, and does nothing, for another path. */
  handle(request: IncomingMessage, response: ServerResponse): boolean
  /** Handles the upgrade of a connection. Returns false, and does nothing, for another path. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
  /** The number of sessions with a stream in this process. */
  readonly size: number
  /** Ends waiting requests, closes every WebSocket with 1001, and stops. */
  close(): void
}

/** Makes the message stream of a MAGE door. */
export function createMessageStream(options: MessageStreamOptions): MessageStream {
  const { services, connections, path = '/msgstream', heartbeatMs = 60_000 } = options
  const { callerOf, allowsHost = () => true, cors = null, pingEveryMs = 30_000 } = options
  const limits = { ...DEFAULT_STREAM_LIMITS, ...options.limits }
  const report = options.onError ?? services.onError
  const onError = (error: unknown) => report(error, 'mage message stream')
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
    { request, response, headers }: Exchange,
    { transport, sessionKey, confirmIds }: StreamQuery,
  ): Promise<void> => {
    if (transport !== 'shortpolling' && transport !== 'longpolling') {
      const named = String(transport).slice(0, 256)
      return sendRefusal(response, `Unknown HTTP transport: ${named}`, headers)
    }
    if (sessionKey === null) return sendRefusal(response, 'Unknown error', headers)
    const found = await find(sessionKey, callerOf(request))
    if (response.destroyed) return
    if (!found.ok) return sendPacks(response, unsetPacks(found.reason), headers)
    const { stream } = found
    stream.confirm(confirmIds)
    if (transport === 'longpolling') {
      stream.attach(new Poll({ response, headers, owner: stream, heartbeatMs }))
      return
    }
    // The events of the mailbox belong to the first answer.
    await stream.connection?.ready
    const packs = stream.take()
    if (packs === null) sendStatus(response, 204, headers)
    else sendPacks(response, packs, headers)
  }

  const answer = async (exchange: Exchange, query: StreamQuery): Promise<void> => {
    const { request, response, headers } = exchange
    request.resume()
    if (!allowsHost(request)) return sendStatus(response, 403, headers)
    if (request.method === 'OPTIONS') return sendEmpty(response, 200, headers)
    if (request.method === 'HEAD') return sendStatus(response, 200, headers)
    return poll(exchange, query)
  }

  return {
    handle(request, response) {
      const query = readStreamQuery(request.url ?? '', path, limits.confirmIds)
      if (query === null) return false
      const headers = corsHeaders(request, cors)
      answer({ request, response, headers }, query).catch((error: unknown) => {
        onError(error)
        if (response.headersSent) response.destroy()
        else sendStatus(response, statusOf(error), headers)
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

/** One request and its response. */
interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The headers with which the response starts, names and values in turn. */
  readonly headers: readonly string[]
}

function statusOf(error: unknown): number {
  return error instanceof LatchkeyError && error.code === 'unavailable' ? 503 : 500
}

/** Refuses an upgrade to an unknown path, with the bytes that MAGE sends. */
export function refuseUpgrade(socket: Duplex): void {
  refuse(socket, 'HTTP/1.1 404 Not Found\r\ncontent-type: text/html\r\n\r\n')
}

function refuse(socket: Duplex, response: string): void {
  socket.on('error', () => undefined)
  socket.end(response, () => socket.destroy())
}
