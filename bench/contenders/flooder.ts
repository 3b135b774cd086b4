import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Prepared } from '../harness/contender.ts'

export interface Options {
  /** How it speaks: `tcp` is Angen's lines, `websocket` Angen's frames. */
  readonly door: 'http' | 'mage' | 'tcp' | 'websocket' | 'grpc'
  readonly port: number
  readonly connections: number
}

const GET = 'GET /openapi.json HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n'
const LINE = '{"name":"system/ping","command":{}}\n'
/** How much a connection sends at a time. */
const REPEATED = 500
const PAUSE_MS = 10
/** As many streams as the server allows on a connection. */
const STREAMS = 100

/** Sends requests on many connections for as long as the server takes them, and reads no answer. */
export async function prepare({ door, port, connections }: Options): Promise<Prepared> {
  const flood = FLOODS[door]
  return {
    async measure(ms) {
      const until = performance.now() + ms
      const each = Array.from({ length: connections }, () => flood(port, until))
      const sent = await Promise.all(each)
      return { sent: sent.reduce((total, count) => total + count, 0) }
    },
    close: async () => {},
  }
}

type Flood = (port: number, until: number) => Promise<number>

const FLOODS: Readonly<Record<Options['door'], Flood>> = {
  http: (port, until) => floodSocket(port, GET, until),
  mage: (port, until) => floodSocket(port, mageBatch(), until),
  tcp: (port, until) => floodSocket(port, LINE, until),
  websocket: floodFrames,
  grpc: floodStreams,
}

function mageBatch(): string {
  const body = '[]\n{"appName":"game","baseUrl":"/"}'
  return `POST /game/config.get HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

async function floodSocket(port: number, request: string, until: number): Promise<number> {
  const many = Buffer.from(request.repeat(REPEATED))
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.pause()
  let sent = 0
  while (performance.now() < until && !socket.destroyed) {
    if (!socket.writableNeedDrain) {
      socket.write(many)
      sent += REPEATED
    }
    await setTimeout(PAUSE_MS)
  }
  socket.destroy()
  return sent
}

async function floodFrames(port: number, until: number): Promise<number> {
  let sent = 0
  const socket = new WebSocket(`ws://127.0.0.1:${port}/angen`)
  socket.on('error', () => undefined)
  await Promise.race([once(socket, 'open'), once(socket, 'close')])
  socket.pause()
  while (performance.now() < until && socket.readyState === socket.OPEN) {
    if (socket.bufferedAmount === 0) {
      for (let count = 0; count < REPEATED; count++) socket.send(LINE)
      sent += REPEATED
    }
    await setTimeout(PAUSE_MS)
  }
  socket.terminate()
  return sent
}

// Without a window for answers, none can be sent.
async function floodStreams(port: number, until: number): Promise<number> {
  const client = connectHttp2(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 0 } })
  client.on('error', () => undefined)
  let sent = 0
  let open = 0
  while (performance.now() < until && !client.destroyed) {
    for (; open < STREAMS; open++) {
      const stream = client.request({
        ':method': 'POST',
        ':path': '/latchkey.v1.Agent/AgentStatus',
        'content-type': 'application/grpc',
        te: 'trailers',
      })
      stream.on('error', () => undefined)
      stream.on('close', () => void open--)
      stream.pause()
      stream.end(Buffer.alloc(5))
      sent++
    }
    await setTimeout(PAUSE_MS)
  }
  client.destroy()
  return sent
}
