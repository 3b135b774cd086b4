import ipaddr from 'ipaddr.js'
import { LatchkeyError } from './errors.ts'

/** Longer than any address with a zone id. */
const MAX_ADDRESS_CHARS = 64
/** Longer than `Forwarded` of as many proxies as are read. */
const MAX_FORWARDED_CHARS = 4096
/** The maximum number of `X-Forwarded-For` entries read. */
const MAX_HOPS = 32

const OCTET = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`)

type Address = ipaddr.IPv4 | ipaddr.IPv6

/**
 * Returns the canonical form of an IP address, or null for any other text. IPv4 is four decimal
 * parts without leading zeros; IPv6 is compressed lower case (RFC 5952), without a zone id; IPv4
 * mapped into IPv6 becomes IPv4.
 */
export function canonicalAddress(text: string): string | null {
  const address = parseAddress(text)
  return address === null ? null : format(address)
}

/**
 * Returns the network of an address as canonical CIDR text: `192.0.2.7/32`, `2001:db8::/64`.
 * Returns null if the text is not an address. Throws `invalid_request` if the prefix length is out
 * of range.
 */
export function addressPrefix(
  address: string,
  { v4 = 32, v6 = 64 }: { readonly v4?: number; readonly v6?: number } = {},
): string | null {
  if (!isPrefixLength(v4, 32) || !isPrefixLength(v6, 128)) {
    throw new LatchkeyError(
      'invalid_request',
      'The length of an address prefix is out of range. Use 0 to 32 for IPv4 and 0 to 128 for IPv6.',
    )
  }
  const parsed = parseAddress(address)
  if (parsed === null) return null
  const bits = parsed.kind() === 'ipv4' ? v4 : v6
  return `${format(network(parsed, bits))}/${bits}`
}

/**
 * Returns whether an address is in a network (CIDR text, or one address); false if either is
 * invalid.
 */
export function withinPrefix(address: string | null, prefix: string): boolean {
  const parsed = address === null ? null : parseAddress(address)
  const range = parsePrefix(prefix)
  if (parsed === null || range === null || parsed.kind() !== range.base.kind()) return false
  return parsed.match(range.base, range.bits)
}

/**
 * Returns whether an address is a loopback address: 127.0.0.0/8 or ::1. Host names are not
 * addresses.
 */
export function isLoopback(address: string): boolean {
  return parseAddress(address)?.range() === 'loopback'
}

/** Returns whether a host (a name or an address, also `[::1]`) is the local machine. */
export function isThisMachine(host: string): boolean {
  return host === 'localhost' || isLoopback(host.replace(/^\[(.*)\]$/, '$1'))
}

const NOT_PUBLIC: ReadonlySet<string> = new Set([
  'loopback',
  'private',
  'uniqueLocal',
  'linkLocal',
  'carrierGradeNat',
])

/**
 * Returns whether an address is reachable from outside the local networks: true for every address
 * that is not loopback, private or link-local, and for 0.0.0.0 and ::, which listen on all
 * addresses. False for text that is not an address.
 */
export function isPublic(address: string): boolean {
  const parsed = parseAddress(address)
  return parsed !== null && !NOT_PUBLIC.has(parsed.range())
}

/** The parts of a request that determine the client's address. */
export interface ForwardedRequest {
  /** The address of the connection; null if it has none, as on a Unix socket. */
  readonly peer: string | null
  /** The complete value of `X-Forwarded-For`, or null. */
  readonly forwardedFor: string | null
  /** The complete value of `Forwarded` (RFC 7239), or null. None by default. */
  readonly forwarded?: string | null
  /** Trusted proxies: addresses or CIDR text. */
  readonly trusted: readonly string[]
}

/**
 * Returns the client's address in canonical form, or null if there is none. `X-Forwarded-For` is
 * read from the right while the sender of each entry is a trusted proxy; the first untrusted
 * address is the client, so a client cannot forge its address. The header of an untrusted peer is
 * ignored. Reading stops at an entry that is not an address, and the result is the proxy that added
 * it. At most 32 entries are read. Where both headers are there and name different clients, one of them may be forged: the result is
 * the address of the connection.
 */
export function forwardedAddress(request: ForwardedRequest): string | null {
  const { peer, forwardedFor, forwarded = null, trusted } = request
  if (forwarded === null) return readHops(peer, forwardedFor, trusted)
  const standard = readHops(peer, forwardedNodes(forwarded), trusted)
  if (forwardedFor === null) return standard
  const common = readHops(peer, forwardedFor, trusted)
  return common === standard ? common : readHops(peer, null, trusted)
}

function readHops(
  peer: string | null,
  forwardedFor: string | null,
  trusted: readonly string[],
): string | null {
  let client = peer === null ? null : canonicalAddress(peer)
  let rest = forwardedFor
  for (let hops = 0; hops < MAX_HOPS && rest !== null && client !== null; hops += 1) {
    const hop = client
    if (!trusted.some((prefix) => withinPrefix(hop, prefix))) return client
    const comma = rest.lastIndexOf(',')
    const next = forwardedEntry(rest.slice(comma + 1))
    if (next === null) return client
    client = next
    rest = comma === -1 ? null : rest.slice(0, comma)
  }
  return client
}

/** A pair of `Forwarded`, or a separator: a value is a token or a quoted text. */
const FORWARDED_PART = /([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;=]*))|([,;])|(\s+)/gy

/**
 * Returns the nodes of a `Forwarded` header as a list like `X-Forwarded-For`. An element without `for`, and everything before one that
 * cannot be read, has no address.
 */
function forwardedNodes(header: string): string {
  if (header.length > MAX_FORWARDED_CHARS) return 'unknown'
  const nodes: string[] = []
  let node: string | null = null
  let read = 0
  for (const [text, name, quoted, token, separator] of header.matchAll(FORWARDED_PART)) {
    read += text.length
    if (name?.toLowerCase() === 'for') node = quoted ?? token ?? ''
    if (separator !== ',') continue
    nodes.push(node ?? 'unknown')
    node = null
  }
  // A header that is not well-formed may be read differently by the proxy.
  return read === header.length ? [...nodes, node ?? 'unknown'].join(',') : 'unknown'
}

/** Some proxies add the port: `192.0.2.7:4711`, `[2001:db8::7]:4711`. */
function forwardedEntry(text: string): string | null {
  const entry = text.trim()
  if (entry.length > MAX_ADDRESS_CHARS) return null
  const [, bracketed, dotted] = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d{1,5})?$/.exec(entry) ?? []
  if (bracketed !== undefined && !bracketed.includes(':')) return null
  return canonicalAddress(bracketed ?? dotted ?? entry)
}

function parseAddress(text: string): Address | null {
  if (text.length > MAX_ADDRESS_CHARS) return null
  if (IPV4.test(text)) return ipaddr.IPv4.parse(text)
  const [, digits, dotted] = /^([\da-fA-F:]*:)([^%]*)(?:%[\w.~:-]+)?$/.exec(text) ?? []
  if (digits === undefined || dotted === undefined) return null
  // Written as groups, because the library parses `::192.0.2.7` as a mapped address and `010` as
  // octal.
  const tail = dotted.includes('.') ? dottedGroups(dotted) : dotted
  if (tail === null || !ipaddr.IPv6.isValid(digits + tail)) return null
  const address = ipaddr.IPv6.parse(digits + tail)
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address
}

function dottedGroups(dotted: string): string | null {
  if (!IPV4.test(dotted)) return null
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(dotted).octets
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
}

function parsePrefix(text: string): { base: Address; bits: number } | null {
  const slash = text.indexOf('/')
  const address = slash === -1 ? text : text.slice(0, slash)
  const base = parseAddress(address)
  if (base === null) return null
  const most = base.kind() === 'ipv4' ? 32 : 128
  if (slash === -1) return { base, bits: most }
  const digits = text.slice(slash + 1)
  if (!/^(?:0|[1-9]\d{0,2})$/.test(digits)) return null
  const mapped = base.kind() === 'ipv4' && address.includes(':')
  const bits = Number(digits) - (mapped ? 96 : 0)
  return isPrefixLength(bits, most) ? { base, bits } : null
}

function isPrefixLength(bits: number, most: number): boolean {
  return Number.isInteger(bits) && bits >= 0 && bits <= most
}

function network(address: Address, bits: number): Address {
  const bytes = address.toByteArray()
  return ipaddr.fromByteArray(
    bytes.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - index * 8)))),
  )
}

function format(address: Address): string {
  return address.toString()
}
