/** The pieces of DER (ITU-T X.690) that a certificate is made of. */

/** A value of any tag, of at most 65,535 bytes: its length, and its contents one after the other. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents)
  if (body.length < 128) return Buffer.concat([Buffer.of(tag, body.length), body])
  const length = Buffer.of(body.length >> 8, body.length & 0xff)
  const digits = body.length < 256 ? length.subarray(1) : length
  return Buffer.concat([Buffer.of(tag, 0x80 | digits.length), digits, body])
}

export const sequence = (...items: readonly Uint8Array[]) => der(0x30, ...items)
export const setOf = (item: Uint8Array) => der(0x31, item)
export const octets = (content: Uint8Array) => der(0x04, content)
export const text = (value: string) => der(0x0c, Buffer.from(value))
export const truth = () => der(0x01, Buffer.of(0xff))

/** A number that is not negative, its bytes given. */
export function integer(bytes: Uint8Array): Buffer {
  const [first = 0] = bytes
  return first < 128 ? der(0x02, bytes) : der(0x02, Buffer.of(0), bytes)
}

/** Bits, of which the last `unused` do not count. */
export const bits = (content: Uint8Array, unused = 0) => der(0x03, Buffer.of(unused), content)

/** `[number]` around what it holds. */
export const tagged = (number: number, content: Uint8Array) => der(0xa0 | number, content)
/** `[number]` in place of a simple value's own tag. */
export const implicit = (number: number, content: Uint8Array) => der(0x80 | number, content)

/** An object identifier in dotted form. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return der(0x06, Buffer.from([40 * first + second, ...rest.flatMap(base128)]))
}

function base128(value: number): number[] {
  const digits = [value % 128]
  for (let left = Math.floor(value / 128); left > 0; left = Math.floor(left / 128)) {
    digits.unshift(128 | (left % 128))
  }
  return digits
}

/** A moment to the second, as certificates write it: UTCTime until 2049, then GeneralizedTime (RFC 5280, 4.1.2.5). */
export function time(epochMs: number): Buffer {
  const digits = `${new Date(epochMs).toISOString().slice(0, 19).replace(/\D/g, '')}Z`
  return digits < '2050' ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits))
}
