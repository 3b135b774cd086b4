import { canonicalAddress } from '../../../core/address.ts'

/** The result of reading the first bytes of a proxied connection. */
export type ProxyHeader =
  /** The header is not complete. */
  | { readonly state: 'partial' }
  /** It is not a header, or not one that a proxy sends. */
  | { readonly state: 'wrong' }
  /** `address` is that of the client in canonical form; null if the header has none, and the peer's address counts. The header has `length` bytes. */
  | { readonly state: 'whole'; readonly address: string | null; readonly length: number }

const V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const V2_FIXED_BYTES = 16
const V1_START = Buffer.from('PROXY ', 'latin1')
const V1_MAX_BYTES = 107
const LINE_FEED = 0x0a

/** The largest header in bytes, with the extensions that a proxy may add. */
export const MAX_PROXY_HEADER_BYTES = 2048

const PARTIAL = { state: 'partial' } as const
const WRONG = { state: 'wrong' } as const

/** Parses the header of the PROXY protocol, version 1 (text) or 2 (binary), at the beginning of a connection. */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (beginsWith(bytes, V2_SIGNATURE)) return readBinary(bytes)
  if (beginsWith(bytes, V1_START)) return readText(bytes)
  return WRONG
}

/** Returns whether bytes are the beginning of `start`, or begin with it. */
function beginsWith(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, length, 0, length) === 0
}

function readText(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, V1_MAX_BYTES).indexOf(LINE_FEED)
  if (end === -1) return bytes.length < V1_MAX_BYTES ? PARTIAL : WRONG
  const line = bytes.toString('latin1', 0, end + 1)
  const length = end + 1
  if (/^PROXY UNKNOWN( [^\r\n]*)?\r\n$/.test(line)) return { state: 'whole', address: null, length }
  const parts = /^PROXY TCP([46]) (\S+) (\S+) (\d{1,5}) (\d{1,5})\r\n$/.exec(line)
  if (parts === null) return WRONG
  const [, family, source = '', target = '', sourcePort, targetPort] = parts
  const address = canonicalAddress(source)
  const right =
    [source, target].every((text) => canonicalAddress(text) !== null && isOf(family, text)) &&
    [sourcePort, targetPort].every((port) => Number(port) <= 65_535)
  return right ? { state: 'whole', address, length } : WRONG
}

function isOf(family: string | undefined, address: string): boolean {
  return address.includes(':') === (family === '6')
}

/** The length of the addresses of each family and transport that is TCP. */
const TCP4 = { code: 0x11, bytes: 12 }
const TCP6 = { code: 0x21, bytes: 36 }
/** The families without an address of a client: unspecified, and Unix sockets. */
const ADDRESSLESS: ReadonlySet<number> = new Set([0x00, 0x31])

function readBinary(bytes: Buffer): ProxyHeader {
  if (bytes.length < V2_FIXED_BYTES) return PARTIAL
  const length = V2_FIXED_BYTES + bytes.readUInt16BE(14)
  if (length > MAX_PROXY_HEADER_BYTES) return WRONG
  const command = bytes.readUInt8(12)
  if (command !== 0x20 && command !== 0x21) return WRONG
  if (bytes.length < length) return PARTIAL
  const family = bytes.readUInt8(13)
  // A health check of the proxy itself.
  if (command === 0x20 || ADDRESSLESS.has(family)) return { state: 'whole', address: null, length }
  const known = [TCP4, TCP6].find(({ code }) => code === family)
  if (known === undefined || length < V2_FIXED_BYTES + known.bytes) return WRONG
  const source = bytes.subarray(V2_FIXED_BYTES, V2_FIXED_BYTES + (known === TCP4 ? 4 : 16))
  return { state: 'whole', address: canonicalAddress(spell(source)), length }
}

function spell(address: Buffer): string {
  if (address.length === 4) return address.join('.')
  return (address.toString('hex').match(/.{4}/g) ?? []).join(':')
}
