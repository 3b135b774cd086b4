/** A line of a file: its text, or the reason why it has none. */
export type Line =
  | { readonly number: number; readonly text: string }
  | {
      readonly number: number
      readonly code: 'too_large' | 'invalid_request'
      readonly reason: string
    }

const MAX_LINE_BYTES = 65_536
const NEWLINE = 10

/**
 * Splits bytes into lines, with bounded memory. A line that is over 64 KiB or not UTF-8 is returned without its text; empty lines are
 * left out.
 */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  const splitter = new LineSplitter()
  for await (const chunk of chunks) {
    let from = 0
    for (;;) {
      const end = chunk.indexOf(NEWLINE, from)
      splitter.add(chunk.subarray(from, end === -1 ? undefined : end))
      if (end === -1) break
      const line = splitter.take()
      if (line !== null) yield line
      from = end + 1
    }
  }
  const last = splitter.take()
  if (last !== null) yield last
}

class LineSplitter {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  #parts: Buffer[] = []
  #bytes = 0
  #number = 0

  add(part: Buffer): void {
    this.#bytes += part.length
    if (this.#bytes > MAX_LINE_BYTES) this.#parts = []
    else this.#parts.push(part)
  }

  take(): Line | null {
    const bytes = this.#bytes
    const parts = this.#parts
    this.#parts = []
    this.#bytes = 0
    const number = ++this.#number
    if (bytes > MAX_LINE_BYTES) {
      return { number, code: 'too_large', reason: 'The line is over 64 KiB.' }
    }
    try {
      const text = this.#decoder.decode(Buffer.concat(parts)).trim()
      return text === '' ? null : { number, text }
    } catch {
      return { number, code: 'invalid_request', reason: 'The line is not UTF-8.' }
    }
  }
}
