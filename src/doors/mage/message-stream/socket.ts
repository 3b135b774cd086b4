import type { WebSocket } from 'ws'
import type { Listener, Transport } from './transport.ts'

interface SocketOptions {
  readonly socket: WebSocket
  readonly listener: Listener
  readonly pingEveryMs: number
  /** Bytes that may wait for a slow reader. */
  readonly bufferedBytes: number
}

/** A WebSocket that gets packs as text frames; one that reads too slowly is closed with 1013, one that answers no ping is cut. */
export class Socket implements Transport {
  readonly #options: SocketOptions
  #pingAt: number
  #answered = true

  constructor(options: SocketOptions) {
    this.#options = options
    this.#pingAt = performance.now() + options.pingEveryMs
    const { socket, listener } = options
    socket.on('pong', () => {
      this.#answered = true
    })
    socket.once('close', () => listener.detach(this))
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

  end(why: 'replaced' | 'closing'): void {
    this.#close(why === 'replaced' ? 1000 : 1001)
  }

  tick(now: number): void {
    const { socket, pingEveryMs } = this.#options
    if (now < this.#pingAt || socket.readyState !== socket.OPEN) return
    if (!this.#answered) {
      socket.terminate()
      return
    }
    this.#pingAt = now + pingEveryMs
    this.#answered = false
    socket.ping()
  }

  #close(code: number, reason?: string): void {
    const { socket, listener } = this.#options
    listener.detach(this)
    if (socket.readyState === socket.OPEN) socket.close(code, reason)
  }
}
