import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout } from 'node:timers'
import { type WebSocket, WebSocketServer } from 'ws'
import type { CallOptions } from '../../../core/index.ts'
import type { FindStream } from './find-stream.ts'
import type { StreamLimits } from './limits.ts'
import { readIds, type StreamQuery } from './query.ts'
import { type SessionStream, unsetPacks } from './session-stream.ts'
import { Socket } from './socket.ts'

interface SocketServerOptions {
  readonly find: FindStream
  readonly limits: StreamLimits
  readonly pingEveryMs: number
  readonly onError: (error: unknown) => void
}

interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
}

interface SocketServer {
  /** Upgrades a connection to a WebSocket, and attaches it to the stream of its session. */
  take(
    upgrade: Upgrade,
    query: StreamQuery,
    callerOf: (request: IncomingMessage) => CallOptions,
  ): void
  /** Closes every socket with 1001, and terminates those that are still open after a second. */
  close(): void
}

/** How many frames of a client are kept until its session is checked. */
const MAX_EARLY_FRAMES = 100
/** How long a client may take to close its socket. */
const CLOSE_TIMEOUT_MS = 1_000

/** Serves the WebSockets of the message stream. */
export function createSocketServer(options: SocketServerOptions): SocketServer {
  const { find, limits, pingEveryMs, onError } = options
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: limits.frameBytes,
  })

  const attach = async (socket: WebSocket, query: StreamQuery, caller: CallOptions) => {
    const frames = readFrames(socket, limits.confirmIds)
    if (query.sessionKey === null) return refuse(socket, 'invalidSessionKey', 1008)
    const found = await find(query.sessionKey, caller)
    if (socket.readyState !== socket.OPEN) return
    if (!found.ok) return refuse(socket, found.reason, 1000)
    const { stream } = found
    stream.confirm(query.confirmIds)
    frames.passTo(stream)
    const { bufferedBytes } = limits
    stream.attach(new Socket({ socket, owner: stream, pingEveryMs, bufferedBytes }))
  }

  return {
    take({ request, socket, head }, query, callerOf) {
      socket.on('error', () => undefined)
      try {
        server.handleUpgrade(request, socket, head, (opened) => {
          opened.on('error', () => undefined)
          attach(opened, query, callerOf(request)).catch((error: unknown) => {
            onError(error)
            opened.close(1011)
          })
        })
      } catch (error) {
        onError(error)
        socket.destroy()
      }
    },
    close() {
      const open = [...server.clients]
      for (const socket of open) socket.close(1001)
      const terminate = () => {
        for (const socket of open) socket.terminate()
      }
      if (open.length > 0) setTimeout(terminate, CLOSE_TIMEOUT_MS).unref()
      server.close()
    },
  }
}

function refuse(socket: WebSocket, reason: string, code: number): void {
  socket.send(unsetPacks(reason))
  socket.close(code)
}

/** Reads the frames of a client, which confirm packs and count as uses of the session. Frames before the session is checked are kept. */
function readFrames(socket: WebSocket, maxIds: number): { passTo(stream: SessionStream): void } {
  const early: number[][] = []
  let found: SessionStream | null = null
  const pass = (stream: SessionStream, ids: readonly number[]) => {
    stream.use()
    stream.confirm(ids)
  }
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (socket.readyState !== socket.OPEN) return
    if (isBinary) return socket.close(1003, 'MAGE only supports text data')
    const ids = readIds(data.toString('utf8'), maxIds)
    if (found !== null) pass(found, ids)
    else if (early.length < MAX_EARLY_FRAMES) early.push(ids)
  })
  return {
    passTo(stream) {
      found = stream
      for (const ids of early.splice(0)) pass(stream, ids)
    },
  }
}
