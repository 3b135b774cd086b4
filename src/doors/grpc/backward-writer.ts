const VARINT = 0
const LENGTH_DELIMITED = 2
/** The number of bytes that are kept between messages. */
const KEPT = 4096
/** The size of the longest number with its field number. */
const MAX_NUMBER = 15

/**
 * Writes protobuf messages from their end to their beginning, because the length of a message precedes it and is known only after it.
 * Write fields in descending order. As in proto3, a field that is empty, 0 or false is left out.
 */
export class BackwardWriter {
  #bytes = Buffer.allocUnsafeSlow(KEPT)
  #at = KEPT

  /** Returns the message, and prepares the writer for another. */
  finish(): Buffer {
    const written = Buffer.from(this.#bytes.subarray(this.#at))
    if (this.#bytes.length > KEPT) this.#bytes = Buffer.allocUnsafeSlow(KEPT)
    this.#at = KEPT
    return written
  }

  message<T>(field: number, value: T, write: (value: T) => void): void {
    const left = this.#bytes.length - this.#at
    write(value)
    this.#lengthSince(left, field)
  }

  texts(field: number, values: readonly string[]): void {
    for (let index = values.length - 1; index >= 0; index--) this.#item(field, values[index] ?? '')
  }

  text(field: number, value: string | null): void {
    if (value !== null && value !== '') this.#item(field, value)
  }

  flag(field: number, value: boolean): void {
    if (value) this.number(field, 1)
  }

  /** Writes an `int32` or `int64`. */
  number(field: number, value: number): void {
    if (value === 0) return
    this.#reserve(MAX_NUMBER)
    if (value > 0) this.#varint(value)
    else this.#negative(value)
    this.#varint((field << 3) | VARINT)
  }

  #item(field: number, value: string): void {
    // A character is three bytes at most.
    this.#reserve(value.length * 3)
    const left = this.#bytes.length - this.#at
    if (!this.#ascii(value)) {
      this.#at -= Buffer.byteLength(value)
      this.#bytes.write(value, this.#at)
    }
    this.#lengthSince(left, field)
  }

  // Most texts are short and ASCII: a call out of JavaScript costs more than the loop.
  #ascii(value: string): boolean {
    const start = this.#at - value.length
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index)
      if (code > 0x7f) return false
      this.#bytes[start + index] = code
    }
    this.#at = start
    return true
  }

  #lengthSince(left: number, field: number): void {
    const length = this.#bytes.length - this.#at - left
    this.#reserve(MAX_NUMBER)
    this.#varint(length)
    this.#varint((field << 3) | LENGTH_DELIMITED)
  }

  // Seven bits a byte, the lowest first, all but the last marked. Without shifts, because times have more than 32 bits.
  #varint(value: number): void {
    let size = 1
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
    this.#at -= size
    let to = this.#at
    let rest = value
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) {
      this.#bytes[to++] = (rest % 0x80) | 0x80
    }
    this.#bytes[to] = rest
  }

  // Two's complement in 64 bits: ten bytes.
  #negative(value: number): void {
    this.#at -= 10
    let rest = BigInt.asUintN(64, BigInt(value))
    for (let to = this.#at; to < this.#at + 10; to++) {
      this.#bytes[to] = Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0)
      rest >>= 7n
    }
  }

  // The written bytes stay at the end of the larger buffer.
  #reserve(room: number): void {
    if (this.#at >= room) return
    const before = this.#bytes
    this.#bytes = Buffer.allocUnsafeSlow(2 * before.length + room)
    const moved = this.#bytes.length - before.length
    before.copy(this.#bytes, this.#at + moved, this.#at)
    this.#at += moved
  }
}
