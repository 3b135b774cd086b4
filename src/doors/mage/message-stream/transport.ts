/** How a client listens to its stream at the moment. */
export interface Transport {
  /** Writes packs. */
  deliver(packs: string): void
  /** Writes the last packs, and closes. */
  finish(packs: string): void
  /** Closes because another took its place, or because the server goes away. */
  end(why: 'replaced' | 'closing'): void
  /** Time passes: a heartbeat or a ping may be due. `now` is on the clock of `performance.now()`. */
  tick(now: number): void
}

/** What the transport of a stream tells it. */
export interface Listener {
  /** The transport is over; whatever is in its place stays. */
  detach(transport: Transport): void
}
