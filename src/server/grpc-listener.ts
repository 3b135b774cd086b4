import { createServer, type Socket } from 'node:net'
import { clearInterval, setInterval } from 'node:timers'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls'
import { ServerCredentials } from '@grpc/grpc-js'
import {
  ConnectionCounter,
  type ConnectionLimits,
  type CountedConnection,
} from '../connections/connection-counter.ts'
import { canonicalAddress, withinPrefix } from '../core/address.ts'
import type { GrpcConnection, GrpcDoor } from '../doors/grpc/index.ts'
import type { Door } from './door.ts'
import { formatListenAddress, type ListenAddress } from './listen-address.ts'
import { listening } from './listening.ts'
import type { TlsMaterial } from './tls/index.ts'

export type Certificate = Pick<TlsMaterial, 'cert' | 'key' | 'onChange'>

export interface GrpcListenerOptions {
  readonly door: GrpcDoor
  readonly address: ListenAddress & { readonly named: boolean }
  /** Null for no TLS, on this machine only. New connections use a changed certificate; open connections stay. */
  readonly tls: Certificate | null
  readonly limits: ConnectionLimits
  /** How long a connection may stay unauthenticated. */
  readonly authenticateMs: number
  /** Peers whose connections carry the calls of many clients: addresses or CIDR prefixes. None by default. */
  readonly trustedProxies?: readonly string[]
  readonly onError: (error: unknown, what: string) => void
}

const TLS = { minVersion: 'TLSv1.2', ALPNProtocols: ['h2'], handshakeTimeout: 10_000 } as const

/** Serves a gRPC door on a port of this machine. */
export function createGrpcListener(options: GrpcListenerOptions): Door {
  const { door, address, tls, onError } = options
  // The server's own `bindAsync` does not tell which error occurred, and cannot change its certificate.
  const injector = door.server.createConnectionInjector(ServerCredentials.createInsecure())
  const take = (socket: Socket) => injector.injectConnection(socket)
  const server = tls === null ? createServer(take) : listenWithTls(tls, take, onError)
  const sockets = new Sockets(options)
  server.on('connection', (socket: Socket) => sockets.accept(socket))
  return {
    name: 'grpc',
    wanted: formatListenAddress(address),
    named: address.named,
    async listen() {
      const port = await listening(server, address)
      server.on('error', (error) => onError(error, 'grpc'))
      door.setServing(true)
      const scheme = tls === null ? 'grpc' : 'grpcs'
      return `${scheme}://${formatListenAddress({ host: address.host, port })}`
    },
    announce: () => door.setServing(false),
    async drain(signal) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const cut = () => {
        door.server.forceShutdown()
        sockets.destroy()
      }
      server.close(() => resolve())
      door.setServing(false)
      door.endStreams()
      door.server.tryShutdown(() => undefined)
      if (signal.aborted) cut()
      else signal.addEventListener('abort', cut, { once: true })
      await promise
      sockets.stop()
      signal.removeEventListener('abort', cut)
    },
  }
}

function listenWithTls(
  tls: Certificate,
  take: (socket: Socket) => void,
  onError: GrpcListenerOptions['onError'],
): TlsServer {
  const context = () => ({ cert: tls.cert, key: tls.key, ...TLS })
  const server = createTlsServer(context(), take)
  const stop = tls.onChange(() => {
    try {
      server.setSecureContext(context())
    } catch (error) {
      onError(error, 'grpc')
    }
  })
  server.once('close', stop)
  return server
}

/** How long a client may send nothing at all. */
const FIRST_BYTES_MS = 10_000
const MAX_SWEEP_MS = 1000

interface OpenSocket {
  readonly openedAt: number
  readonly counted: CountedConnection
  readonly calls: GrpcConnection
}

/** The connections of the port, with a deadline for those that are not authenticated. */
class Sockets {
  readonly counter: ConnectionCounter
  readonly #options: GrpcListenerOptions
  readonly #open = new Map<Socket, OpenSocket>()
  readonly #sweeping: NodeJS.Timeout

  constructor(options: GrpcListenerOptions) {
    this.#options = options
    this.counter = new ConnectionCounter(options.limits)
    const everyMs = Math.min(MAX_SWEEP_MS, options.authenticateMs / 4)
    this.#sweeping = setInterval(() => this.#sweep(), everyMs).unref()
  }

  accept(socket: Socket): void {
    // An error of a connection is the client's: it must not end the process.
    socket.on('error', () => socket.destroy())
    const address = canonicalAddress(socket.remoteAddress ?? '')
    const counted = this.counter.enter(address, () => socket.destroy())
    if (counted === null) {
      socket.destroy()
      return
    }
    const { door, trustedProxies = [] } = this.#options
    if (trustedProxies.some((prefix) => withinPrefix(address, prefix))) counted.authenticate()
    const calls = door.follow(socket, {
      authenticated: () => counted.authenticate(),
      used: () => counted.use(),
    })
    this.#open.set(socket, { openedAt: performance.now(), counted, calls })
    socket.once('close', () => {
      counted.leave()
      this.#open.delete(socket)
    })
  }

  destroy(): void {
    for (const socket of this.#open.keys()) socket.destroy()
  }

  stop(): void {
    clearInterval(this.#sweeping)
  }

  #sweep(): void {
    const { authenticateMs } = this.#options
    const firstBytesMs = Math.min(FIRST_BYTES_MS, authenticateMs)
    const now = performance.now()
    for (const [socket, { openedAt, counted, calls }] of this.#open) {
      const age = now - openedAt
      const silent = age >= firstBytesMs && socket.bytesRead === 0
      const late = age >= authenticateMs && !counted.authenticated && calls.idle
      if (silent || late) socket.destroy()
    }
  }
}
