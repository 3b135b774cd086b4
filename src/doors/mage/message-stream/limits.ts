/** What a message stream keeps and takes. */
export interface StreamLimits {
  /** Packs of a session that wait for their confirmation: 100 by default. The oldest go first. */
  readonly packs: number
  /** Bytes of those packs: 262,144 by default. */
  readonly packBytes: number
  /** Bytes of a client's frame: 65,536 by default. */
  readonly frameBytes: number
  /** Ids that are read of one confirmation: 1,000 by default. */
  readonly confirmIds: number
  /** Bytes that wait for a slow reader of a socket: 1,048,576 by default; past that the socket is closed. */
  readonly bufferedBytes: number
}

export const DEFAULT_STREAM_LIMITS: StreamLimits = {
  packs: 100,
  packBytes: 262_144,
  frameBytes: 65_536,
  confirmIds: 1_000,
  bufferedBytes: 1_048_576,
}
