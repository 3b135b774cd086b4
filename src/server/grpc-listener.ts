import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls'
import { ServerCredentials } from '@grpc/grpc-js'
import type { GrpcDoor } from '../doors/grpc/index.ts'
import type { Door } from './door.ts'
import { formatListenAddress, type ListenAddress } from './listen-address.ts'

/** A certificate chain and its key, both PEM. */
export interface TlsMaterial {
  readonly cert: string | Buffer
  readonly key: string | Buffer
}

export interface GrpcListenerOptions {
  readonly door: GrpcDoor
  readonly address: ListenAddress & { readonly named: boolean }
  /** Null for no TLS: for this machine alone. */
  readonly tls: TlsMaterial | null
  readonly maxConnections: number
  readonly onError: (error: unknown, what: string) => void
}

/** A gRPC door on a port of this machine. */
export interface GrpcListener extends Door {
  /** Takes another certificate for connections to come; open ones stay. Throws for one that is none, and keeps the one before. */
  setTls(tls: TlsMaterial): void
}

const TLS = { minVersion: 'TLSv1.2', ALPNProtocols: ['h2'], handshakeTimeout: 10_000 } as const

/** Serves a gRPC door on a port of this machine. */
export function createGrpcListener(options: GrpcListenerOptions): GrpcListener {
  const { door, address, tls, onError } = options
  // Its own listening says neither which error there was nor takes another certificate.
  const injector = door.server.createConnectionInjector(ServerCredentials.createInsecure())
  const take = (socket: Socket) => injector.injectConnection(socket)
  const secure = tls === null ? null : createTlsServer({ ...tls, ...TLS }, take)
  const server = secure ?? createServer(take)
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    // What goes wrong with a connection is the client's affair.
    socket.on('error', () => socket.destroy())
    socket.once('close', () => sockets.delete(socket))
  })
  server.maxConnections = options.maxConnections
  return {
    name: 'grpc',
    wanted: formatListenAddress(address),
    named: address.named,
    async listen() {
      await listening(server, address)
      server.on('error', (error) => onError(error, 'grpc'))
      door.setServing(true)
      const bound = server.address()
      const port = typeof bound === 'object' && bound !== null ? bound.port : address.port
      const scheme = tls === null ? 'grpc' : 'grpcs'
      return `${scheme}://${formatListenAddress({ host: address.host, port })}`
    },
    async drain(signal) {
      server.close()
      door.setServing(false)
      door.endStreams()
      const { promise, resolve } = Promise.withResolvers<void>()
      const cut = () => {
        door.server.forceShutdown()
        resolve()
      }
      door.server.tryShutdown(() => resolve())
      if (signal.aborted) cut()
      else signal.addEventListener('abort', cut, { once: true })
      await promise
      signal.removeEventListener('abort', cut)
      for (const socket of sockets) socket.destroy()
    },
    setTls(next) {
      secure?.setSecureContext({ ...next, ...TLS })
    },
  }
}

function listening(server: Server | TlsServer, { host, port }: ListenAddress): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen({ host, port }, () => {
    server.off('error', reject)
    resolve()
  })
  return promise
}
