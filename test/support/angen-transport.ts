import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { AngenHub } from '../../src/doors/angen/transport/hub.ts'
import type { AngenLimits } from '../../src/doors/angen/transport/limits.ts'
import {
  type AngenListenerOptions,
  createAngenListener,
} from '../../src/doors/angen/transport/listener.ts'
import type { Accept, Receiver, Wire } from '../../src/doors/angen/wire.ts'
import { until } from './until.ts'

/** Bytes of a header of the PROXY protocol, version 2. */
export function binaryHeader(parts: {
  readonly command?: number
  readonly family?: number
  readonly body?: readonly number[]
}): Buffer {
  const { command = 0x21, family = 0, body = [] } = parts
  const fixed = Buffer.from('\r\n\r\n\0\r\nQUIT\n\0\0\0\0', 'latin1')
  fixed.writeUInt8(command, 12)
  fixed.writeUInt8(family, 13)
  fixed.writeUInt16BE(body.length, 14)
  return Buffer.concat([fixed, Buffer.from(body)])
}

/** A client as the protocol of the tests knows it. */
export interface Met {
  readonly wire: Wire
  readonly heard: string[]
  readonly refused: string[]
  gone: boolean
}

export interface Transport {
  readonly hub: AngenHub
  readonly met: Met[]
  readonly errors: unknown[]
}

/** What the protocol of a test does with a message: the echo by default. */
export type Handle = (text: string, wire: Wire) => void | Promise<void>

const echo: Handle = (text, wire) => {
  wire.send(text)
}

export function openHub(limits: Partial<AngenLimits> = {}, handle: Handle = echo): Transport {
  const met: Met[] = []
  const errors: unknown[] = []
  const accept: Accept = (wire): Receiver => {
    const one: Met = { wire, heard: [], refused: [], gone: false }
    met.push(one)
    return {
      receive(text) {
        one.heard.push(text)
        return handle(text, wire)
      },
      refuse(problem) {
        one.refused.push(problem)
        wire.send(`refused: ${problem}`)
      },
      closed() {
        assert.equal(one.gone, false, 'closed twice')
        one.gone = true
      },
    }
  }
  const hub = new AngenHub({ accept, limits, onError: (error) => errors.push(error) })
  return { hub, met, errors }
}

export interface Port extends Transport {
  readonly port: number
  readonly drain: (signal?: AbortSignal) => Promise<void>
}

export type PortOptions = Partial<Omit<AngenListenerOptions, 'hub'>> & {
  readonly limits?: Partial<AngenLimits>
  readonly handle?: Handle
}

/** Opens a listener on a free port. Gone after the test. */
export async function openPort(
  t: Pick<TestContext, 'after'>,
  { limits, handle, ...options }: PortOptions = {},
): Promise<Port> {
  const transport = openHub(limits, handle)
  const listener = createAngenListener({
    hub: transport.hub,
    name: 'tcp',
    address: { host: '127.0.0.1', port: 0, named: true },
    ...options,
  })
  const { port } = new URL(await listener.listen())
  const drain = (signal = AbortSignal.abort()) => listener.drain(signal)
  t.after(() => drain())
  return { ...transport, port: Number(port), drain }
}

export interface Client<S extends Socket = Socket> {
  readonly socket: S
  /** All that has come. */
  text(): string
  send(data: string | Uint8Array): void
  /** Waits until what has come ends with a text. */
  until(end: string): Promise<void>
  /** All that came, once the other side has closed. */
  readonly closed: Promise<string>
}

/** Follows a socket as a client. */
export function clientOf<S extends Socket>(socket: S): Client<S> {
  let text = ''
  socket.on('error', () => undefined)
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  return {
    socket,
    text: () => text,
    send: (data) => socket.write(data),
    until: (end) => until(() => text.endsWith(end)),
    closed: new Promise((resolve) => {
      socket.once('close', () => resolve(text))
    }),
  }
}

/** Connects to a port. Gone after the test. */
export async function dial(t: Pick<TestContext, 'after'>, port: number): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1' })
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  return clientOf(socket)
}

export { until }
