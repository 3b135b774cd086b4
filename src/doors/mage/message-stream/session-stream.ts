import type { Connection } from '../../../connections/index.ts'
import type { ActorEvent, EndReason } from '../../../core/index.ts'
import { UNSET_REASONS } from '../application/resolve-session.ts'
import type { StreamLimits } from './limits.ts'
import { PackStore, type PackText } from './pack-store.ts'
import type { Transport, TransportOwner } from './transport.ts'

/**
 * How long a stream is kept after its client has disconnected: 30 seconds, so that a reconnect finds the same packs. Then what is not
 * confirmed goes to the mailbox of the session, where any node finds it.
 */
const KEPT_MS = 30_000

/** Returns packs with `session.unset` and a reason. */
export function unsetPacks(reason: string): string {
  return `{"0":${unset(reason)}}`
}

function unset(reason: string): string {
  return JSON.stringify([['session.unset', reason]])
}

/** Returns the reason that the client receives; null if the session has not ended. */
function unsetReasonOf(reason: string): string | null {
  return Object.hasOwn(UNSET_REASONS, reason) ? UNSET_REASONS[reason as EndReason] : null
}

export interface SessionStreamParts {
  readonly limits: StreamLimits
  /** The time of the authority, in epoch milliseconds. */
  readonly now: () => number
  /** Calls `flush` soon. */
  readonly schedule: (stream: SessionStream) => void
  readonly onError: (error: unknown) => void
}

/** The messages of one session. It has one connection, however often the client changes its transport. */
export class SessionStream implements TransportOwner {
  readonly #parts: SessionStreamParts
  readonly #store: PackStore
  #transport: Transport | null = null
  // A new transport gets all packs that are not confirmed, and later only the new ones.
  #fresh = true
  #using = false
  #endReason: string | null = null
  #keptUntil: number
  /** The connection of the session; null only while it is being opened. */
  connection: Connection | null = null

  constructor(parts: SessionStreamParts) {
    this.#parts = parts
    this.#store = new PackStore(parts.limits)
    this.#keptUntil = parts.now() + KEPT_MS
  }

  /** Adds a pack, and delivers it soon. */
  put(pack: PackText): void {
    this.#store.put(pack)
    if (this.#transport !== null) this.#parts.schedule(this)
  }

  /** Removes packs that the client has confirmed. */
  confirm(ids: readonly number[]): void {
    this.#store.confirm(ids)
  }

  /** The events that the client has not confirmed. */
  get unconfirmed(): readonly ActorEvent[] {
    return this.#store.unconfirmed
  }

  /** Extends the session, because its client has sent something. One check runs at a time. */
  use(): void {
    if (this.#using || this.connection === null) return
    this.#using = true
    this.connection
      .use()
      .catch(this.#parts.onError)
      .finally(() => {
        this.#using = false
      })
      .catch(this.#parts.onError)
  }

  /** Returns the packs that are not confirmed; null if there are none. Closes the current transport. */
  take(): string | null {
    this.#replace(null)
    this.#startGrace()
    const reason = this.#endReason === null ? null : unsetReasonOf(this.#endReason)
    return this.#store.write({ fresh: true, ...(reason === null ? {} : { system: unset(reason) }) })
  }

  /** Replaces the transport, and delivers the packs that are not confirmed. */
  attach(transport: Transport): void {
    this.#replace(transport)
    // The session may have ended since it was checked.
    if (this.#endReason === null) this.#deliver()
    else this.#finish(transport, this.#endReason)
  }

  /** Reports that a transport is closed. It is ignored if another transport has replaced it. */
  detach(transport: Transport): void {
    if (this.#transport !== transport) return
    this.#transport = null
    this.#startGrace()
  }

  /** Delivers new packs to the transport. */
  flush(): void {
    if (this.#store.hasUnsent) this.#deliver()
  }

  /** Ends the stream, because the session has ended or the server closes, and tells the client at once. */
  end(reason: string): void {
    if (this.#endReason !== null) return
    this.#endReason = reason
    if (this.#transport !== null) this.#finish(this.#transport, reason)
  }

  #finish(transport: Transport, endReason: string): void {
    const reason = unsetReasonOf(endReason)
    // The session survives the end of the server: the client reconnects with the same key.
    if (reason === null) {
      transport.end('closing')
      return
    }
    const packs = this.#store.hasUnsent
      ? this.#store.write({ fresh: this.#fresh, system: unset(reason) })
      : unsetPacks(reason)
    transport.finish(packs ?? unsetPacks(reason))
  }

  /** Passes the time to the transport. */
  tick(now: number): void {
    this.#transport?.tick(now)
  }

  /** Whether the client has been disconnected for 30 seconds. */
  get isAbandoned(): boolean {
    return this.#transport === null && this.#parts.now() > this.#keptUntil
  }

  #startGrace(): void {
    this.#keptUntil = this.#parts.now() + KEPT_MS
  }

  #replace(transport: Transport | null): void {
    const previous = this.#transport
    this.#transport = transport
    this.#fresh = true
    previous?.end('replaced')
  }

  #deliver(): void {
    const transport = this.#transport
    if (transport === null) return
    const packs = this.#store.write({ fresh: this.#fresh })
    if (packs === null) return
    this.#fresh = false
    transport.deliver(packs)
  }
}
