/** The way to a client, whatever carries it. None of these throws. */
export interface Link {
  /** Takes one message, to be written at the next {@link flush} at the latest. */
  send(text: string): void
  flush(): void
  /** What waits to go out, about in bytes. */
  readonly waiting: number
  /** Whether the client should first take what waits for it; when it has, that is told. */
  readonly stalled: boolean
  pause(): void
  resume(): void
  /** Writes what waits, and then closes. */
  end(code: number, reason: string): void
  /** Closes at once. */
  cut(): void
}
