/** A door as the server opens and closes it, whatever protocol it speaks. */
export interface Door {
  /** `http`, `mage`, `angen`, `grpc`. */
  readonly name: string
  /** What it should listen on, for messages. */
  readonly wanted: string
  /** Whether somebody chose that address: if it is taken then, the server does not start. */
  readonly named: boolean
  /** Begins to listen; returns where, as clients write it. Rejects with what the system says. */
  listen(): Promise<string>
  /** Accepts nothing more, and resolves when all that is under way is answered, or cut once `signal` fires. */
  drain(signal: AbortSignal): Promise<void>
}
