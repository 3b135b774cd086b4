/** A listener that the server opens and closes, of whatever protocol. */
export interface Door {
  /** The name of its option: `http`, `tcp`, `tls` or `grpc`. */
  readonly name: string
  /** The address to listen on, for messages. */
  readonly wanted: string
  /** Whether the configuration names that address: a taken port is an error only then. */
  readonly named: boolean
  /** Starts to listen, and returns the address as clients write it. Rejects with the error of the system. */
  listen(): Promise<string>
  /** Announces to clients that the door will close, so that they send further requests elsewhere. It still accepts connections. */
  announce?(): void
  /** Accepts nothing more. Resolves when every request in progress is answered, or aborted because `signal` fired. */
  drain(signal: AbortSignal): Promise<void>
}

/** Where an open door listens. */
export interface DoorLocation {
  /** The name of the door. */
  readonly door: string
  /** As clients write it: `http://127.0.0.1:8080`. */
  readonly address: string
}
