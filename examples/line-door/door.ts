// A door for a protocol of your own: one line of JSON is a call, and one line of JSON is its answer.
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { type Authenticated, LatchkeyError, type Refusal } from 'latchkey'
import type { CallSource, CommandOutcome, Pipeline } from 'latchkey/commands'
import type { Connection, Connections } from 'latchkey/connections'

export interface LineDoorOptions {
  readonly pipeline: Pipeline
  readonly connections: Connections
}

/** A line as the client sends it. */
interface Call {
  readonly command: string
  readonly params: unknown
  readonly token: string | null
}

const MAX_LINE_LENGTH = 65_536
const MAX_UNREAD_BYTES = 1_048_576
const IDLE_MS = 60_000

/** Makes the door. Call `listen` on the result to open it. */
export function createLineDoor(options: LineDoorOptions): Server {
  return createServer((socket) => {
    socket.setTimeout(IDLE_MS, () => socket.destroy())
    // Without a listener, an error of the connection would end the process.
    socket.on('error', () => undefined)
    serveClient(socket, options).catch(() => socket.destroy())
  })
}

async function serveClient(socket: Socket, options: LineDoorOptions): Promise<void> {
  const disconnected = new AbortController()
  const caller = {
    door: 'line',
    address: socket.remoteAddress ?? null,
    signal: disconnected.signal,
  }
  const client = new Client(socket, options)
  socket.once('close', () => {
    disconnected.abort()
    client.leave()
  })
  for await (const line of linesOf(socket)) {
    await client.write(encode(await client.answer(decode(line), caller)))
  }
}

/** One client: its socket, and its connection once it listens for events. */
class Client {
  readonly #socket: Socket
  readonly #options: LineDoorOptions
  #connection: Connection | null = null

  constructor(socket: Socket, options: LineDoorOptions) {
    this.#socket = socket
    this.#options = options
  }

  async answer(
    call: Call | Refusal,
    caller: CallSource['caller'],
  ): Promise<CommandOutcome | Refusal> {
    if ('ok' in call) return call
    const { command, params, token } = call
    if (command === 'events.listen') return this.#listen(token, caller)
    // Traffic on an open connection checks its session again, and extends it.
    await this.#connection?.use()
    return this.#options.pipeline.dispatch({ name: command, params, token, caller })
  }

  /** A command that only this protocol has: the pipeline applies its rules. */
  #listen(token: string | null, caller: CallSource['caller']): Promise<CommandOutcome> {
    const rules = { name: 'events.listen', access: ['*'], session: 'required' } as const
    return this.#options.pipeline.run(rules, { token, caller, params: {} }, (_params, context) => {
      this.leave()
      this.#connection = this.#open(context.current as Authenticated)
      return { listening: true }
    })
  }

  #open(current: Authenticated): Connection {
    return this.#options.connections.open(current, {
      door: 'line',
      send: (event) => {
        // A client that does not read must not fill the memory.
        if (this.#socket.writableLength > MAX_UNREAD_BYTES) this.#socket.destroy()
        else this.#socket.write(`${JSON.stringify({ event })}\n`)
      },
      close: (reason) => {
        this.#socket.end(`${JSON.stringify({ closed: reason })}\n`)
      },
    })
  }

  async write(text: string): Promise<void> {
    if (this.#socket.write(text) || this.#socket.destroyed) return
    await Promise.race([once(this.#socket, 'drain'), once(this.#socket, 'close')])
  }

  leave(): void {
    this.#connection?.leave()
    this.#connection = null
  }
}

function decode(line: string): Call | Refusal {
  try {
    const { command, params = {}, token = null } = JSON.parse(line)
    if (typeof command === 'string' && (token === null || typeof token === 'string')) {
      return { command, params, token }
    }
  } catch {
    // The line is not JSON, or not an object.
  }
  return { ok: false, code: 'invalid_request', message: 'Send {"command", "params", "token"}.' }
}

function encode(outcome: CommandOutcome | Refusal): string {
  return `${JSON.stringify(outcome)}\n`
}

async function* linesOf(socket: Socket): AsyncGenerator<string> {
  let rest = ''
  socket.setEncoding('utf8')
  for await (const chunk of socket) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines.filter((line) => line.trim() !== '')
    if (rest.length > MAX_LINE_LENGTH) throw new LatchkeyError('too_large', 'The line is too long.')
  }
}
