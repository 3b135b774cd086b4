/** Why a session ended. */
export type SessionEndReason = 'logged_out' | 'revoked' | 'evicted' | 'expired'

/** A session was made, by `create` or from an accepted token of another system. */
export interface SessionCreated {
  /** The primary key of the session's row. */
  readonly sessionId: number | string | bigint
  /** The primary key of the user that owns it. */
  readonly userId: number | string | bigint
}

/** A session ended, by a call or because it had expired. */
export interface SessionEnded extends SessionCreated {
  /** Why it ended. */
  readonly reason: SessionEndReason
}

/** The events of every session manager, by name. Emitted once the write is committed. */
export interface SessionEvents {
  /** A session was created. */
  'session:created': SessionCreated
  /** A session ended. */
  'session:ended': SessionEnded
}

/** The part of AdonisJS's emitter that is used. */
export interface SessionEmitter {
  /** Calls the listeners of an event. Rejects if one of them fails. */
  emit(event: string, data: unknown): Promise<unknown>
}

let emitter: SessionEmitter | null = null

/** Names the emitter that receives the events of every session manager. The provider calls it with the application's own. */
export function connectEmitter(next: SessionEmitter | null): void {
  emitter = next
}

/** Emits an event. A listener that fails does not fail the session: its error becomes a process warning. */
export function emit<E extends keyof SessionEvents>(event: E, data: SessionEvents[E]): void {
  emitter?.emit(event, data).catch((error: unknown) => {
    process.emitWarning(`A listener of ${event} failed: ${String(error)}`)
  })
}
