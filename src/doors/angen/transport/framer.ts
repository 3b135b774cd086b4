import { isUtf8 } from 'node:buffer'

/** Why a stream of bytes has no further message. */
export type FramingProblem = 'too_large' | 'not_utf8' | 'interrupt'

const LINE_FEED = 0x0a
const RETURN = 0x0d
/** The bytes that a telnet client sends for Ctrl-C: interrupt process, do timing mark. The first is not valid in UTF-8. */
const INTERRUPT_START = 0xff
const INTERRUPT = Buffer.from([INTERRUPT_START, 0xf4, 0xff, 0xfd, 0x06])
const SMALLEST_HELD = 256
/** How often the beginning of a message may be parsed, so that a slow client does not cost more than another. */
const MAX_QUIET_LOOKS = 8

/**
 * Divides bytes into messages: UTF-8 texts, each ended by LF or CR LF; blank ones are skipped. A message over several lines, as
 * people write JSON, begins with a line `{`, continues with indented lines and ends with a line `}`. The messages do not depend on
 * how the bytes are divided into chunks. It reads only when `next` is called, so that a new limit counts from the next message on, and
 * keeps no memory between messages.
 */
export class Framer {
  /** The chunk that is being read, from `#at`, and those after it. */
  #chunk: Buffer | null = null
  #at = 0
  #more: Buffer[] | null = null
  /** Whether the lines that end in the chunk are UTF-8; null before the check. */
  #sound: boolean | null = null
  /** The beginning of a line whose end has not arrived. */
  #held: Buffer | null = null
  #heldBytes = 0
  #looks = 0
  /** The lines so far of a message over several lines. */
  #lines: string | null = null
  #problem: FramingProblem | null = null

  /** Why no further message can follow; null while one can. */
  get problem(): FramingProblem | null {
    return this.#problem
  }

  /** Whether there are bytes that {@link next} has not read. */
  get waiting(): boolean {
    return this.#chunk !== null
  }

  /** Whether a line has begun that may be a whole message without its end. */
  get partial(): boolean {
    return this.#heldBytes > 0 && this.#looks < MAX_QUIET_LOOKS
  }

  feed(chunk: Buffer): void {
    if (chunk.length === 0) return
    if (this.#chunk === null) this.#begin(chunk)
    else if (this.#more === null) this.#more = [chunk]
    else this.#more.push(chunk)
  }

  /** Returns the next message, of at most `limit` bytes without its LF; null if there is none yet or because of a {@link problem}. */
  next(limit: number): string | null {
    while (this.#chunk !== null && this.#problem === null) {
      const chunk = this.#chunk
      if (this.#lines !== null && !goesOn(this.#held?.[0] ?? chunk[this.#at])) {
        return this.#takeLines()
      }
      const end = chunk.indexOf(LINE_FEED, this.#at)
      if (end === -1) {
        this.#hold(chunk.subarray(this.#at), limit)
        this.#advance(chunk.length)
        continue
      }
      const line =
        this.#held === null ? this.#line(chunk, end, limit) : this.#joined(chunk, end, limit)
      this.#advance(end + 1)
      const message = this.#gather(line, limit)
      if (message !== null) return message
    }
    return null
  }

  /** Returns the line that has begun if it is a whole JSON object or array, for a client that sends no line end. */
  takeQuiet(): string | null {
    const held = this.#held?.subarray(0, this.#heldBytes)
    if (held === undefined || this.waiting || !this.partial) return null
    this.#looks += 1
    if (!isUtf8(held)) return null
    const text = held.toString().trim()
    if (this.#lines === null ? !isWhole(text) : text !== '}') return null
    this.#letGo()
    return this.#lines === null ? text : this.#takeLines(text)
  }

  /** Returns a message if the line is one or completes one. */
  #gather(line: string, limit: number): string | null {
    const text = line.trimEnd()
    if (this.#lines === null) {
      if (text !== '{') return text === '' ? null : line
      this.#lines = text
      return null
    }
    if (text === '}') return this.#takeLines(text)
    this.#lines += `\n${line}`
    if (this.#lines.length > limit) this.#problem ??= 'too_large'
    return null
  }

  #takeLines(last = ''): string {
    const lines = `${this.#lines}\n${last}`
    this.#lines = null
    return lines
  }

  #begin(chunk: Buffer): void {
    this.#chunk = chunk
    this.#at = 0
    this.#sound = null
  }

  #advance(to: number): void {
    this.#at = to
    if (this.#chunk === null || to < this.#chunk.length) return
    this.#chunk = null
    const next = this.#more?.shift()
    if (next !== undefined) this.#begin(next)
    else this.#more = null
  }

  /** Returns a line that is in one chunk: it is checked together with all other such lines. */
  #line(chunk: Buffer, end: number, limit: number): string {
    if (this.#sound === null) {
      const last = chunk.lastIndexOf(LINE_FEED) + 1
      this.#sound = isUtf8(
        this.#at === 0 && last === chunk.length ? chunk : chunk.subarray(this.#at, last),
      )
    }
    return this.#text(chunk, this.#at, end, this.#sound, limit)
  }

  #joined(chunk: Buffer, end: number, limit: number): string {
    const held = this.#append(chunk.subarray(this.#at, end))
    const line = this.#text(held, 0, this.#heldBytes, false, limit)
    this.#letGo()
    return line
  }

  #text(bytes: Buffer, start: number, end: number, sound: boolean, limit: number): string {
    if (!sound) {
      const line = bytes.subarray(start, end)
      this.#problem = foreign(line, limit)
      const fits = this.#problem === null && line.length <= limit
      if (fits && !isUtf8(line)) this.#problem = 'not_utf8'
    }
    if (end - start > limit) this.#problem ??= 'too_large'
    if (this.#problem !== null) return ''
    return bytes.toString('utf8', start, bytes[end - 1] === RETURN && end > start ? end - 1 : end)
  }

  #hold(piece: Buffer, limit: number): void {
    // The bytes before were checked, except a Ctrl-C that is not complete.
    const from = Math.max(0, this.#heldBytes - INTERRUPT.length + 1)
    const line = this.#append(piece).subarray(0, this.#heldBytes)
    this.#problem = foreign(line, limit, from)
    if (line.length > limit) this.#problem ??= 'too_large'
  }

  /** Keeps the beginning of a line in memory that doubles, so that many small chunks are copied at most twice. */
  #append(piece: Buffer): Buffer {
    const bytes = this.#heldBytes + piece.length
    let held = this.#held
    if (held === null || held.length < bytes) {
      let size = held?.length ?? SMALLEST_HELD
      while (size < bytes) size *= 2
      const grown = Buffer.allocUnsafe(size)
      held?.copy(grown, 0, 0, this.#heldBytes)
      held = grown
    }
    piece.copy(held, this.#heldBytes)
    this.#held = held
    this.#heldBytes = bytes
    return held
  }

  #letGo(): void {
    this.#held = null
    this.#heldBytes = 0
    this.#looks = 0
  }
}

/**
 * Returns the problem of a byte that is not valid in UTF-8: Ctrl-C of telnet, or not a text. Null if there is none within the limit, or
 * only the beginning of what may be Ctrl-C. Searches from `from` on.
 */
function foreign(line: Buffer, limit: number, from = 0): FramingProblem | null {
  const start = line.indexOf(INTERRUPT_START, from)
  if (start === -1 || start >= limit) return null
  const end = Math.min(line.length, limit, start + INTERRUPT.length)
  const length = end - start
  if (line.compare(INTERRUPT, 0, length, start, end) !== 0) return 'not_utf8'
  return length === INTERRUPT.length ? 'interrupt' : null
}

/** Returns whether a line may continue a message over several lines: it is indented, blank, or the last. */
function goesOn(first: number | undefined): boolean {
  return first !== undefined && (first <= 0x20 || first === 0x7d)
}

// After a bare number another digit may follow.
function isWhole(text: string): boolean {
  if (!/^[[{]/.test(text) || !/[\]}]$/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
