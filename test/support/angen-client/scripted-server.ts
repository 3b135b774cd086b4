import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { LineReader } from '../../../src/client/angen/line-reader.ts'

/** A request as the server got it. */
export interface Asked {
  readonly name: string
  readonly command: Readonly<Record<string, unknown>>
  readonly message_id: string
}

/** A server that answers as the test says. */
export interface ScriptedServer {
  readonly port: number
  /** Every request so far, but pings and good-byes. */
  readonly asked: readonly Asked[]
  /** Its connections, the newest last. */
  readonly sockets: readonly Socket[]
  /** Drops its connections and takes no more. */
  close(): void
}

/** Starts a server; `answer` gives the texts that go back for a request. Gone after the test. */
export async function openScripted(
  t: TestContext,
  answer: (asked: Asked, socket: Socket) => readonly object[],
): Promise<ScriptedServer> {
  const asked: Asked[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    const reader = new LineReader(100_000)
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) =>
      reader.read(chunk, (line) => {
        const request = JSON.parse(line) as Asked
        const { name, message_id } = request
        let answers: readonly object[] = []
        if (name === 'connections/disconnect') socket.end()
        else if (name === 'system/ping') {
          answers = [{ name: 'system/pong', message: {}, message_id }]
        } else {
          asked.push(request)
          answers = answer(request, socket)
        }
        for (const each of answers) socket.write(`${JSON.stringify(each)}\n`)
      }),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  t.after(close)
  return { port: (server.address() as AddressInfo).port, asked, sockets, close }
}

/** Waits until something is so. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what = 'that never came about',
): Promise<void> {
  const deadline = performance.now() + 15_000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(what)
    await sleep(5)
  }
}
