import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
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
  /** Makes a WebSocket of a connection, and lets it listen to the stream of its session. */
  take(
    upgrade: Upgrade,
    query: StreamQuery,
    callerOf: (request: IncomingMessage) => CallOptions,
  ): void
  /** Closes every socket with 1001, and cuts those that do not follow within a second. */
  close(): void
}

/** Frames that a client may send before its session is known. */
const MAX_EARLY_FRAMES = 100

/** Serves the WebSockets of the message stream. */
export function createSocketServer(options: SocketServerOptions): SocketServer {
  const { find, limits, pingEveryMs, onError } = options
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: limits.frameBytes,
  })

  const listen = async (socket: WebSocket, query: StreamQuery, caller: CallOptions) => {
    const frames = readFrames(socket, limits.confirmIds)
    if (query.sessionKey === null) return refuse(socket, 'invalidSessionKey', 1008)
    const found = await find(query.sessionKey, caller)
    if (socket.readyState !== socket.OPEN) return
    if (!found.ok) return refuse(socket, found.reason, 1000)
    const { stream } = found
    stream.confirm(query.confirmIds)
    frames.give(stream)
    const { bufferedBytes } = limits
    stream.attach(new Socket({ socket, listener: stream, pingEveryMs, bufferedBytes }))
  }

  return {
    take({ request, socket, head }, query, callerOf) {
      socket.on('error', () => undefined)
      try {
        server.handleUpgrade(request, socket, head, (opened) => {
          opened.on('error', () => undefined)
          listen(opened, query, callerOf(request)).catch((error: unknown) => {
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
      const cut = () => {
        for (const socket of open) socket.terminate()
      }
      if (open.length > 0) setTimeout(cut, 1_000).unref()
      server.close()
    },
  }
}

function refuse(socket: WebSocket, reason: string, code: number): void {
  socket.send(unsetPacks(reason))
  socket.close(code)
}

/** Reads a client's frames: ids to confirm, each a use of the session. What comes before the stream is known waits, within bounds. */
function readFrames(socket: WebSocket, maxIds: number): { give(stream: SessionStream): void } {
  const early: number[][] = []
  let known: SessionStream | null = null
  const take = (stream: SessionStream, ids: readonly number[]) => {
    stream.use()
    stream.confirm(ids)
  }
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (socket.readyState !== socket.OPEN) return
    if (isBinary) return socket.close(1003, 'MAGE only supports text data')
    const ids = readIds(data.toString('utf8'), maxIds)
    if (known !== null) take(known, ids)
    else if (early.length < MAX_EARLY_FRAMES) early.push(ids)
  })
  return {
    give(stream) {
      known = stream
      for (const ids of early.splice(0)) take(stream, ids)
    },
  }
}
