import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Link } from './link.ts'

/** A close frame holds 123 bytes, and a UTF-16 unit takes at most three. */
const MAX_REASON_LENGTH = 41

/** Sends messages as text frames of a WebSocket. */
export class FrameLink implements Link {
  readonly #socket: WebSocket
  /** The TCP or TLS socket below. */
  readonly #stream: Duplex
  #corked = false

  constructor(socket: WebSocket, stream: Duplex) {
    this.#socket = socket
    this.#stream = stream
  }

  get waiting(): number {
    return this.#socket.bufferedAmount
  }

  get stalled(): boolean {
    return this.#stream.writableNeedDrain
  }

  send(text: string): void {
    if (!this.#corked) this.#stream.cork()
    this.#corked = true
    this.#socket.send(text, ignore)
  }

  flush(): void {
    if (this.#corked) this.#stream.uncork()
    this.#corked = false
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(code: number, reason: string): void {
    this.flush()
    this.#socket.close(code, reason.slice(0, MAX_REASON_LENGTH))
  }

  cut(): void {
    this.#socket.terminate()
  }
}

// A frame that could not be sent is reported by the close of the socket.
function ignore(): void {}
