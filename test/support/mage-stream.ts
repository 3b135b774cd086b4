import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { TestContext } from 'node:test'
import { WebSocket } from 'ws'
import {
  createMessageStream,
  type MessageStream,
  type MessageStreamOptions,
  refuseUpgrade,
} from '../../src/doors/mage/message-stream/index.ts'
import { type Game, type GameOptions, openGame } from './mage-door.ts'

export interface Answer {
  readonly status: number
  readonly type: string | null
  readonly text: string
}

/** A client's WebSocket, and what it heard. */
export interface Listening {
  readonly socket: WebSocket
  /** The next frame. */
  next(): Promise<string>
  /** The code and the reason it was closed with. */
  readonly closed: Promise<readonly [number, string]>
}

export interface StreamGame extends Game {
  readonly stream: MessageStream
  readonly streamPort: number
  /** Requests the stream with a query. */
  ask(query: string, init?: RequestInit): Promise<Answer>
  short(key: string, confirmIds?: string): Promise<Answer>
  long(key: string, confirmIds?: string): Promise<Answer>
  listen(query: string): Promise<Listening>
  /** Sends bytes over a socket and returns what comes back until the server closes. */
  speak(request: string): Promise<string>
}

/** Serves a game with its message stream over a real port. Gone after the test. */
export async function openStream(
  t: TestContext,
  options: Partial<MessageStreamOptions> = {},
  gameOptions: GameOptions = {},
): Promise<StreamGame> {
  const game = await openGame(t, gameOptions)
  const { door, connections } = game
  const { services, callerOf, allowsHost, cors } = door
  const stream = createMessageStream({
    services,
    connections,
    callerOf,
    allowsHost,
    cors,
    ...options,
  })
  const server = createServer((request, response) => {
    if (!stream.handle(request, response)) response.writeHead(418).end('another')
  })
  server.on('upgrade', (request, socket, head) => {
    if (!stream.upgrade(request, socket, head)) refuseUpgrade(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const sockets: WebSocket[] = []
  t.after(async () => {
    for (const socket of sockets) socket.terminate()
    stream.close()
    server.close()
    server.closeAllConnections()
    if (server.listening) await once(server, 'close')
  })
  const { port } = server.address() as AddressInfo
  const ask: StreamGame['ask'] = async (query, init) => {
    const response = await fetch(`http://127.0.0.1:${port}/msgstream${query}`, init)
    const { status, headers } = response
    return { status, type: headers.get('content-type'), text: await response.text() }
  }
  const poll = (transport: string) => (key: string, confirmIds?: string) => {
    const confirm = confirmIds === undefined ? '' : `&confirmIds=${confirmIds}`
    return ask(`?transport=${transport}&sessionKey=${encodeURIComponent(key)}${confirm}`)
  }
  return {
    ...game,
    stream,
    streamPort: port,
    ask,
    short: poll('shortpolling'),
    long: poll('longpolling'),
    async listen(query) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/msgstream${query}`)
      sockets.push(socket)
      const listening = listeningTo(socket)
      await once(socket, 'open')
      return listening
    },
    async speak(request) {
      const socket = connect(port, '127.0.0.1').setEncoding('latin1')
      let text = ''
      socket.on('data', (chunk: string) => {
        text += chunk
      })
      socket.on('error', () => undefined)
      socket.write(request)
      await once(socket, 'close')
      return text.replaceAll(/^Date: .*\r$/gm, 'Date: ..\r')
    },
  }
}

function listeningTo(socket: WebSocket): Listening {
  const heard: string[] = []
  const waiting: ((frame: string) => void)[] = []
  socket.on('error', () => undefined)
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    assert.equal(isBinary, false)
    const waits = waiting.shift()
    if (waits === undefined) heard.push(data.toString())
    else waits(data.toString())
  })
  return {
    socket,
    next() {
      const frame = heard.shift()
      if (frame !== undefined) return Promise.resolve(frame)
      return new Promise((resolve) => {
        waiting.push(resolve)
      })
    },
    closed: new Promise((resolve) => {
      socket.on('close', (code, reason) => resolve([code, reason.toString()]))
    }),
  }
}

/** The query of a socket with a session. */
export function withKey(key: string): string {
  return `?sessionKey=${encodeURIComponent(key)}`
}

export { until } from './until.ts'
