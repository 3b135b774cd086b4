/** The limits of a message stream. */
export interface StreamLimits {
  /** Packs of a session that wait for a confirmation: 100 by default. Above that the oldest are dropped. */
  readonly packs: number
  /** Bytes of those packs: 262,144 by default. Above that the oldest are dropped. */
  readonly packBytes: number
  /** Bytes of a WebSocket frame of a client: 65,536 by default. */
  readonly frameBytes: number
  /** Ids in one confirmation: 1,000 by default. Further ones are ignored. */
  readonly confirmIds: number
  /** Bytes that wait for a slow reader of a WebSocket: 1,048,576 by default. Above that the socket is closed with 1013. */
  readonly bufferedBytes: number
}

/** The limits that apply where the options set none. */
export const DEFAULT_STREAM_LIMITS: StreamLimits = {
  packs: 100,
  packBytes: 262_144,
  frameBytes: 65_536,
  confirmIds: 1_000,
  bufferedBytes: 1_048_576,
}
