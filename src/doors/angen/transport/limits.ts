/** The limits of a client of the Angen door. */
export interface AngenLimits {
  /** The largest line in bytes, without its end: 65,536 by default. */
  readonly lineBytes: number
  /** The largest line before login, in bytes: 8,192 by default. */
  readonly unauthenticatedLineBytes: number
  /** The sustained number of messages of a connection a second: 200 by default. */
  readonly messagesPerSecond: number
  /** The largest burst of messages of a connection: 400 by default. */
  readonly messageBurst: number
  /** The sustained number of bytes of a connection a second: 262,144 by default. */
  readonly bytesPerSecond: number
  /** The largest burst of bytes of a connection: 524,288 by default. */
  readonly byteBurst: number
  /**
   * How long a client may exceed its rate before it is closed: 10,000 ms by default. Until then it is read more slowly, which is enough
   * for a client that sends two thousand messages after an outage.
   */
  readonly floodMs: number
  /** How long a connection may stay unauthenticated: 60,000 ms by default. Messages do not extend it. */
  readonly authenticateMs: number
  /**
   * Unauthenticated connections, of all listeners together: 5,000 by default. Above that a new connection takes the place of the
   * unauthenticated one that sent a message least recently.
   */
  readonly maxUnauthenticated: number
  /**
   * Connections of one address (of one /64 for IPv6), of all listeners together: 100 by default. Above that a new connection takes the
   * place of an unauthenticated one of the address, and is refused where there is none.
   */
  readonly maxPerAddress: number
  /** Addresses and prefixes that `maxPerAddress` does not apply to: this machine by default. */
  readonly exempt: readonly string[]
  /** How long a connection may be idle in both directions: 60,000 ms by default. */
  readonly idleMs: number
  /** How long a PROXY header and a TLS handshake may take, each: 10,000 ms by default. */
  readonly handshakeMs: number
  /** The largest number of bytes that wait for a client that reads slowly: 1,048,576 by default. Above it the connection closes. */
  readonly bufferedBytes: number
  /** How long a connection may take to close: 2,000 ms by default. */
  readonly closeMs: number
}

export const DEFAULT_ANGEN_LIMITS: AngenLimits = {
  lineBytes: 65_536,
  unauthenticatedLineBytes: 8_192,
  messagesPerSecond: 200,
  messageBurst: 400,
  bytesPerSecond: 262_144,
  byteBurst: 524_288,
  floodMs: 10_000,
  authenticateMs: 60_000,
  maxUnauthenticated: 5_000,
  maxPerAddress: 100,
  exempt: ['127.0.0.0/8', '::1'],
  idleMs: 60_000,
  handshakeMs: 10_000,
  bufferedBytes: 1_048_576,
  closeMs: 2_000,
}
