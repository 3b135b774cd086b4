/** One client, as the transport gives it to the protocol. */
export interface Wire {
  /** Canonical address of the client, as far as the proxies before it are trusted, or null. */
  readonly address: string | null
  /** How the client is connected. */
  readonly transport: 'tcp' | 'tls' | 'websocket'
  /** Sends one JSON text (no line end in it). False when nothing is sent any more: it closes, or reads too slowly and is being closed for it. */
  send(text: string): boolean
  /** Says that the client has logged in: lifts the limits for strangers. Idempotent. */
  authenticated(): void
  /** Closes after what was sent has gone out (bounded by a deadline). Idempotent. `code` is the WebSocket close code, 1000 by default. */
  close(reason?: string, code?: number): void
}

/** Why something a client sent is no message. */
export type WireProblem = 'too_large' | 'not_utf8' | 'throttled'

/** What the protocol does with a client. */
export interface Receiver {
  /** One message as it came, at most the limit in size. The next is handed over only after this has settled, in order. */
  receive(text: string): void | Promise<void>
  /** A message that could not be one. Before the transport closes; may send. */
  refuse?(problem: WireProblem): void
  /** The connection is gone. */
  closed(): void
}

/** Begins to serve a client. */
export type Accept = (wire: Wire) => Receiver
