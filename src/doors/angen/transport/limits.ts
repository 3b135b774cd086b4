/** What a client of the Angen door may cost. */
export interface AngenLimits {
  /** Bytes of a line, its end not counted: 65,536 by default. */
  readonly lineBytes: number
  /** Bytes of a line before login: 8,192 by default. */
  readonly unauthenticatedLineBytes: number
  /** Messages of a connection in a second, in the long run: 200 by default. */
  readonly messagesPerSecond: number
  /** Messages of a connection at once: 400 by default. */
  readonly messageBurst: number
  /** Bytes of a connection in a second, in the long run: 262,144 by default. */
  readonly bytesPerSecond: number
  /** Bytes of a connection at once: 524,288 by default. */
  readonly byteBurst: number
  /**
   * How long a client may stay over its rate before it is closed: 10,000 ms by default. Until then it is only read more slowly: who
   * catches up after an outage is done with two thousand messages by then, and who is not goes on for ever.
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
  /** Addresses and prefixes that `maxPerAddress` is not for: this machine by default. */
  readonly exempt: readonly string[]
  /** How long nothing may pass in either direction: 60,000 ms by default. */
  readonly idleMs: number
  /** How long a PROXY header and a TLS handshake may take, each: 10,000 ms by default. */
  readonly handshakeMs: number
  /** Bytes that may wait for a slow reader: 1,048,576 by default. Past that it is closed. */
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
