/** One client, as the transport gives it to the protocol. */
export interface Wire {
  /** Canonical address of the client (after PROXY protocol / trusted proxy headers), or null. */
  readonly address: string | null
  readonly transport: 'tcp' | 'tls' | 'websocket'
  /** Sends one JSON text (no line end in it). False when the client reads too slowly and the connection is being closed. */
  send(text: string): boolean
  /** Says that the client has logged in (true) or out: lifts the limits for strangers. */
  setAuthenticated(authenticated: boolean): void
  /** Closes after what was sent has gone out (bounded by a deadline). Idempotent. `code` is the WebSocket close code, 1000 by default. */
  close(reason?: string, code?: number): void
}
/** What the protocol does with a client. */
export interface Receiver {
  /** One message as it came, at most the limit in size. The next is handed over only after this has settled, in order. May answer synchronously (return void) — the common case must cost no promise. */
  receive(text: string): void | Promise<void>
  /** A message that could not be one: too long, not UTF-8, over a rate. Before the transport closes; may send. */
  refuse?(problem: 'too_large' | 'not_utf8' | 'throttled'): void
  /** The connection is gone. */
  closed(): void
}
export type Accept = (wire: Wire) => Receiver
