/**
 * A named message to an actor: returned to the caller with the answer, or pushed to open
 * connections.
 */
export interface ActorEvent {
  readonly name: string
  readonly data?: unknown
}
