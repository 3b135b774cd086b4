/** The connection of one client, as the transport passes it to the protocol. */
export interface Wire {
  /** The canonical address of the client, read through trusted proxies, or null. */
  readonly address: string | null
  /** How the client is connected. */
  readonly transport: 'tcp' | 'tls' | 'websocket'
  /** Sends one JSON text without a line end. Returns false if the connection closes, also because the client reads too slowly. */
  send(text: string): boolean
  /** Reports that the client has logged in, which lifts the limits of unauthenticated clients. Idempotent. */
  authenticated(): void
  /** Closes the connection once everything was sent, or after a deadline. Idempotent. `code` is the WebSocket close code, 1000 by default. */
  close(reason?: string, code?: number): void
}

/** Why bytes of a client are not a message. */
export type WireProblem = 'too_large' | 'not_utf8' | 'throttled'

/** The functions of the protocol that the transport calls for a client. */
export interface Receiver {
  /** Receives one message, at most as large as the limit. The next follows only after this call has settled. */
  receive(text: string): void | Promise<void>
  /** Called for bytes that are not a message, before the transport closes. It may send. */
  refuse?(problem: WireProblem): void
  /** Called when the connection has closed. */
  closed(): void
}

/** Starts to serve a client. */
export type Accept = (wire: Wire) => Receiver
