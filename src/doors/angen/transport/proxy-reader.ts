import type { Socket } from 'node:net'
import type { AngenHub, Watched } from './hub.ts'
import { MAX_PROXY_HEADER_BYTES, readProxyHeader } from './proxy-header.ts'

/** Receives the client's address, or null for the peer's, and the bytes after the header. */
type TakeHeader = (address: string | null, rest: Buffer) => void

/** Reads the PROXY header at the beginning of a socket. Closes the socket if the header is wrong or does not arrive in time. */
export class ProxyReader implements Watched {
  readonly #hub: AngenHub
  readonly #socket: Socket
  readonly #take: TakeHeader
  readonly #deadline: number
  #bytes: Buffer = Buffer.alloc(0)

  constructor(hub: AngenHub, socket: Socket, take: TakeHeader) {
    this.#hub = hub
    this.#socket = socket
    this.#take = take
    this.#deadline = performance.now() + hub.limits.handshakeMs
    hub.watch(this)
    socket.on('data', this.#read)
    socket.on('end', this.#cut)
    socket.on('close', this.#stop)
  }

  sweep(now: number): void {
    if (now >= this.#deadline) this.#cut()
  }

  readonly #read = (chunk: Buffer): void => {
    this.#bytes = Buffer.concat([this.#bytes, chunk])
    const header = readProxyHeader(this.#bytes)
    if (header.state === 'whole') {
      this.#stop()
      this.#take(header.address, this.#bytes.subarray(header.length))
    } else if (header.state === 'wrong' || this.#bytes.length >= MAX_PROXY_HEADER_BYTES) {
      this.#cut()
    }
  }

  readonly #cut = (): void => {
    this.#socket.destroy()
  }

  readonly #stop = (): void => {
    this.#hub.unwatch(this)
    this.#socket.off('data', this.#read)
    this.#socket.off('end', this.#cut)
    this.#socket.off('close', this.#stop)
  }
}
