/** Why a session ended. */
export type SessionEndReason = 'logged_out' | 'revoked' | 'evicted' | 'expired'

/** A session was made, by `create` or from an accepted token of another system. */
export interface SessionCreated {
  readonly sessionId: number | string | bigint
  readonly userId: number | string | bigint
}

export interface SessionEnded extends SessionCreated {
  readonly reason: SessionEndReason
}

/** The events of every session manager, by name. Emitted once the write is committed. */
export interface SessionEvents {
  'session:created': SessionCreated
  'session:ended': SessionEnded
}

/** The part of AdonisJS's emitter that is used. */
export interface SessionEmitter {
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
