import { createServer, type Socket } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls'
import { ServerCredentials } from '@grpc/grpc-js'
import type { GrpcDoor } from '../doors/grpc/index.ts'
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
  readonly maxConnections: number
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
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    // An error of a connection is the client's: it must not end the process.
    socket.on('error', () => socket.destroy())
    socket.once('close', () => sockets.delete(socket))
  })
  server.maxConnections = options.maxConnections
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
    async drain(signal) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const cut = () => {
        door.server.forceShutdown()
        for (const socket of sockets) socket.destroy()
      }
      server.close(() => resolve())
      door.setServing(false)
      door.endStreams()
      door.server.tryShutdown(() => undefined)
      if (signal.aborted) cut()
      else signal.addEventListener('abort', cut, { once: true })
      await promise
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
