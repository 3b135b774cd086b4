/** The open request or socket by which a client receives its stream. */
export interface Transport {
  /** Sends packs. */
  deliver(packs: string): void
  /** Sends the last packs, and closes. */
  finish(packs: string): void
  /** Closes because another transport replaces this one, or because the server closes. */
  end(reason: 'replaced' | 'closing'): void
  /** Sends the heartbeat or the ping that is due. `now` is the value of `performance.now()`. */
  tick(now: number): void
}

/** The stream that a transport belongs to. */
export interface TransportOwner {
  /** Reports that a transport is closed. It is ignored if another transport has replaced it. */
  detach(transport: Transport): void
}
