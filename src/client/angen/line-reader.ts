import { LatchkeyError } from '../../core/errors.ts'

const LINE_END = 10

/** Divides the bytes of a connection into lines and skips blank ones. Throws `too_large` for a line over the limit. */
export class LineReader {
  readonly #maxBytes: number
  #held: Buffer[] = []
  #heldBytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  read(chunk: Buffer, onLine: (line: string) => void): void {
    let start = 0
    for (let end = chunk.indexOf(LINE_END); end !== -1; end = chunk.indexOf(LINE_END, start)) {
      this.#hold(chunk.subarray(start, end))
      start = end + 1
      const line = Buffer.concat(this.#held).toString('utf8').trim()
      this.#held = []
      this.#heldBytes = 0
      if (line !== '') onLine(line)
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start))
  }

  #hold(part: Buffer): void {
    this.#heldBytes += part.length
    if (this.#heldBytes > this.#maxBytes) {
      throw new LatchkeyError(
        'too_large',
        `The server sent more than ${this.#maxBytes} bytes in a line.`,
      )
    }
    this.#held.push(part)
  }
}
