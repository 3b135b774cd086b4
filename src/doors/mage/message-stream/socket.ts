import type { WebSocket } from 'ws'
import type { Transport, TransportOwner } from './transport.ts'

interface SocketOptions {
  readonly socket: WebSocket
  readonly owner: TransportOwner
  readonly pingEveryMs: number
  /** Bytes that may wait for a slow reader. Above that the socket is closed. */
  readonly bufferedBytes: number
}

/** A WebSocket that receives packs as text frames. A slow reader is closed with 1013; a socket that does not respond to a ping is terminated. */
export class Socket implements Transport {
  readonly #options: SocketOptions
  #pingAt: number
  #responded = true

  constructor(options: SocketOptions) {
    this.#options = options
    this.#pingAt = performance.now() + options.pingEveryMs
    const { socket, owner } = options
    socket.on('pong', () => {
      this.#responded = true
    })
    socket.once('close', () => owner.detach(this))
  }

  deliver(packs: string): void {
    const { socket, bufferedBytes } = this.#options
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > bufferedBytes) this.#close(1013, 'Try again later')
    else socket.send(packs)
  }

  finish(packs: string): void {
    this.deliver(packs)
    this.#close(1000)
  }

  end(reason: 'replaced' | 'closing'): void {
    this.#close(reason === 'replaced' ? 1000 : 1001)
  }

  tick(now: number): void {
    const { socket, pingEveryMs } = this.#options
    if (now < this.#pingAt || socket.readyState !== socket.OPEN) return
    if (!this.#responded) {
      socket.terminate()
      return
    }
    this.#pingAt = now + pingEveryMs
    this.#responded = false
    socket.ping()
  }

  #close(code: number, reason?: string): void {
    const { socket, owner } = this.#options
    owner.detach(this)
    if (socket.readyState === socket.OPEN) socket.close(code, reason)
  }
}
