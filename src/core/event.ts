/**
 * A named message to an actor: returned to the caller with the answer, or pushed to open
 * connections.
 */
export interface ActorEvent {
  /** The name that clients tell events apart by. */
  readonly name: string
  /** The content of the event: any JSON value. Absent for an event that has none. */
  readonly data?: unknown
}

/** An event on its way to an actor, or to every connection with `actor` null. */
export interface RoutedEvent {
  /** The id of the receiving actor; null for every connection. */
  readonly actor: string | null
  /** The event to deliver. */
  readonly event: ActorEvent
}
