import { createServer, type Server, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import type { CountedConnection } from '../../../connections/connection-counter.ts'
import { canonicalAddress, withinPrefix } from '../../../core/address.ts'
import { Connection } from './connection.ts'
import type { AngenHub } from './hub.ts'
import { ProxyReader } from './proxy-reader.ts'
import { StreamLink } from './stream-link.ts'

/** Where certificates come from. */
export interface TlsSource {
  /** PEM: the certificate and those between it and its authority. */
  readonly cert: string
  /** PEM. */
  readonly key: string
  /** Tells when both have changed; returns how to stop that. */
  onChange(listener: () => void): () => void
}

export interface AngenListenerOptions {
  readonly hub: AngenHub
  /** For messages: the flag that opens it, such as `tcp`. */
  readonly name: string
  /** `named` says that somebody chose the address. */
  readonly address: { readonly host: string; readonly port: number; readonly named: boolean }
  /** Without it the listener is plain. */
  readonly tls?: TlsSource
  /** Addresses and prefixes of proxies: what comes from them must begin with a PROXY header, which is trusted. None by default. */
  readonly proxies?: readonly string[]
  /** Connections open at once at most; any number by default. */
  readonly maxConnections?: number
}

/** A port on which clients speak Angen. */
export interface AngenListener {
  readonly name: string
  /** What it should listen on, for messages. */
  readonly wanted: string
  readonly named: boolean
  /** Begins to listen; returns where, as clients write it: `tls://127.0.0.1:8201`. Rejects with what the system says. */
  listen(): Promise<string>
  /** Accepts nothing more, lets the messages under way be answered, and closes; cuts what is left once `signal` fires. */
  drain(signal: AbortSignal): Promise<void>
}

/** Connections that wait to be accepted: the system’s own bound is the lower one. Whom it turns away tries again after seconds. */
const BACKLOG = 65_535

/** Makes a listener for Angen over TCP, or over TLS. */
export function createAngenListener(options: AngenListenerOptions): AngenListener {
  return new Listener(options)
}

class Listener implements AngenListener {
  readonly #options: AngenListenerOptions
  readonly #server: Server
  /** Never listens: it gets the sockets of the other once their address is known. */
  readonly #tls: TlsServer | null
  readonly #handshakes = new Map<string, Visit>()
  /** Every socket, and its connection once there is one. */
  readonly #sockets = new Map<Socket, Connection | null>()
  #forget: () => void = () => undefined
  #draining = false

  constructor(options: AngenListenerOptions) {
    this.#options = options
    const { maxConnections, tls } = options
    const allowHalfOpen = tls === undefined
    this.#server = createServer({ allowHalfOpen, noDelay: true }, (socket) => this.#meet(socket))
    if (maxConnections !== undefined) this.#server.maxConnections = maxConnections
    this.#tls = tls === undefined ? null : this.#secure(tls)
  }

  get name(): string {
    return this.#options.name
  }

  get wanted(): string {
    return format(this.#options.address)
  }

  get named(): boolean {
    return this.#options.address.named
  }

  async listen(): Promise<string> {
    const { hub, address, name } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const server = this.#server
    server.once('error', reject)
    server.listen({ host: address.host, port: address.port, backlog: BACKLOG }, () => {
      server.off('error', reject)
      server.on('error', (error) => hub.onError(error, name))
      resolve()
    })
    await promise
    const bound = server.address()
    const port = typeof bound === 'object' && bound !== null ? bound.port : address.port
    return `${this.#tls === null ? 'tcp' : 'tls'}://${format({ host: address.host, port })}`
  }

  async drain(signal: AbortSignal): Promise<void> {
    this.#draining = true
    this.#forget()
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
    const cut = () => {
      for (const socket of this.#sockets.keys()) socket.destroy()
    }
    if (signal.aborted) cut()
    else signal.addEventListener('abort', cut, { once: true })
    // Whoever closes sessions at the same time may first say why.
    await setImmediate()
    for (const [socket, connection] of this.#sockets) {
      if (connection === null) socket.destroy()
      else connection.drain()
    }
    await closed
    signal.removeEventListener('abort', cut)
  }

  #secure(tls: TlsSource): TlsServer {
    const { hub, name } = this.#options
    const context = () => ({ cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2' as const })
    const server = createTlsServer(
      { ...context(), handshakeTimeout: hub.limits.handshakeMs },
      (socket) => this.#secured(socket),
    )
    // A handshake that fails, or takes too long, is the client's affair.
    server.on('tlsClientError', (_, socket) => socket.destroy())
    server.on('error', (error) => hub.onError(error, name))
    this.#forget = tls.onChange(() => server.setSecureContext(context()))
    return server
  }

  #meet(socket: Socket): void {
    socket.on('error', () => undefined)
    this.#sockets.set(socket, null)
    socket.on('close', () => this.#sockets.delete(socket))
    const { hub, proxies = [] } = this.#options
    const peer = canonicalAddress(socket.remoteAddress ?? '')
    if (proxies.some((prefix) => withinPrefix(peer, prefix))) {
      new ProxyReader(hub, socket, (address, rest) => this.#admit(socket, address ?? peer, rest))
    } else this.#admit(socket, peer)
  }

  #admit(socket: Socket, address: string | null, rest?: Buffer): void {
    const { hub } = this.#options
    // A connection that has no handshake yet is closed without a reason.
    const evict = () => {
      const connection = this.#sockets.get(socket)
      if (connection === undefined || connection === null) socket.destroy()
      else connection.evict()
    }
    const counted = this.#draining ? null : hub.counter.enter(address, evict)
    if (counted === null) {
      socket.destroy()
      return
    }
    socket.on('close', () => counted.leave())
    const visit = { counted, address, socket }
    if (this.#tls === null) this.#serve(visit, socket, rest)
    else this.#shakeHands(this.#tls, visit, rest)
  }

  #shakeHands(server: TlsServer, visit: Visit, rest: Buffer | undefined): void {
    const { socket } = visit
    const key = keyOf(socket)
    this.#handshakes.set(key, visit)
    socket.on('close', () => {
      if (this.#handshakes.get(key) === visit) this.#handshakes.delete(key)
    })
    if (rest !== undefined) {
      socket.pause()
      if (rest.length > 0) socket.unshift(rest)
    }
    server.emit('connection', socket)
  }

  #secured(socket: TLSSocket): void {
    socket.on('error', () => undefined)
    // A client that stops sending during the handshake has given up; one that does so later waits for its answers.
    socket.allowHalfOpen = true
    const key = keyOf(socket)
    const visit = this.#handshakes.get(key)
    this.#handshakes.delete(key)
    if (visit === undefined || this.#draining) socket.destroy()
    else this.#serve(visit, socket)
  }

  #serve(visit: Visit, socket: Socket, rest?: Buffer): void {
    const { hub } = this.#options
    const { counted, address } = visit
    const transport = this.#tls === null ? 'tcp' : 'tls'
    const link = new StreamLink(socket)
    const connection = new Connection({ hub, counted, link, address, transport })
    this.#sockets.set(visit.socket, connection)
    const take = (chunk: Buffer) => {
      connection.charge(chunk.length)
      connection.take(chunk)
    }
    socket.on('data', take)
    socket.on('end', () => connection.finish())
    socket.on('drain', () => connection.drained())
    socket.on('close', () => connection.gone())
    if (rest !== undefined) take(rest)
  }
}

/** A client that was let in. */
interface Visit {
  readonly counted: CountedConnection
  readonly address: string | null
  /** The TCP socket, under TLS too. */
  readonly socket: Socket
}

/** What a socket and the TLS socket over it have in common. */
function keyOf({ localAddress, localPort, remoteAddress, remotePort }: Socket): string {
  return `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`
}

function format({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
