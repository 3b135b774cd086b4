/** The sending side of a connection, independent of the transport. No method throws. */
export interface Link {
  /** Takes one message, which is written at the next {@link flush} at the latest. */
  send(text: string): void
  flush(): void
  /** The estimated number of bytes that wait to be sent. */
  readonly waiting: number
  /** Whether the client must first read what waits for it. The link reports when it has. */
  readonly stalled: boolean
  pause(): void
  resume(): void
  /** Writes what waits, then closes. */
  end(code: number, reason: string): void
  /** Closes at once. */
  cut(): void
}
