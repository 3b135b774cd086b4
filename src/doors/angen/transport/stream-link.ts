import type { Socket } from 'node:net'
import type { Link } from './link.ts'

/** The largest text that is collected for one write, in UTF-16 units. */
const BATCH_LENGTH = 65_536

/** Sends messages as lines over a TCP or TLS socket. */
export class StreamLink implements Link {
  readonly #socket: Socket
  #batch = ''

  constructor(socket: Socket) {
    this.#socket = socket
  }

  get waiting(): number {
    return this.#batch.length + this.#socket.writableLength
  }

  get stalled(): boolean {
    return this.#socket.writableNeedDrain
  }

  send(text: string): void {
    this.#batch += text
    this.#batch += '\n'
    if (this.#batch.length >= BATCH_LENGTH) this.flush()
  }

  flush(): void {
    if (this.#batch === '') return
    if (this.#socket.writable) this.#socket.write(this.#batch)
    this.#batch = ''
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.flush()
    this.#socket.end()
  }

  cut(): void {
    this.#socket.destroy()
  }
}
