import type { Connection } from '../../../connections/index.ts'
import type { Authenticated, EndReason } from '../../../core/index.ts'
import { UNSET_REASONS } from '../application/resolve-session.ts'
import type { StreamLimits } from './limits.ts'
import { PackStore, type PackText } from './pack-store.ts'
import type { Listener, Transport } from './transport.ts'

/** How long packs are kept past the idle time of their session, in milliseconds. */
const KEPT_LONGER_MS = 60_000
const MAX_IDLE_MS = 3_600_000

/** The packs that tell a client that its session is no good. */
export function unsetPacks(reason: string): string {
  return `{"0":${unset(reason)}}`
}

function unset(reason: string): string {
  return JSON.stringify([['session.unset', reason]])
}

function reasonTold(reason: string): string | null {
  return Object.hasOwn(UNSET_REASONS, reason) ? UNSET_REASONS[reason as EndReason] : null
}

export interface SessionStreamParts {
  readonly limits: StreamLimits
  /** The time of the authority, in epoch milliseconds. */
  readonly now: () => number
  /** Has `flush` called soon. */
  readonly schedule: (stream: SessionStream) => void
  readonly onError: (error: unknown) => void
}

/** The messages of one session: one connection, whichever transports its client comes and goes with. */
export class SessionStream implements Listener {
  readonly #parts: SessionStreamParts
  readonly #store: PackStore
  #transport: Transport | null = null
  // A transport gets all that is not confirmed once, and then what is new: it loses nothing while it lasts.
  #fresh = true
  #using = false
  // Why it is over; null while it is not.
  #over: string | null = null
  #keptUntil: number
  #expiresAt = 0
  /** The connection it stands on; null only while that is being opened. */
  connection: Connection | null = null

  constructor(parts: SessionStreamParts) {
    this.#parts = parts
    this.#store = new PackStore(parts.limits)
    this.#keptUntil = parts.now() + KEPT_LONGER_MS
  }

  put(pack: PackText): void {
    this.#store.put(pack)
    if (this.#transport !== null) this.#parts.schedule(this)
  }

  confirm(ids: readonly number[]): void {
    this.#store.confirm(ids)
  }

  /** Traffic from the client, which extends the session; one check at a time. */
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

  /** Takes what waits for a client that asks just now; null where nothing does. Ends the transport there is. */
  take(): string | null {
    this.#replace(null)
    this.#left()
    const told = this.#over === null ? null : reasonTold(this.#over)
    return this.#store.write({ fresh: true, ...(told === null ? {} : { system: unset(told) }) })
  }

  /** Lets a client listen, in place of the transport there is. */
  attach(transport: Transport): void {
    this.#replace(transport)
    // The session may have ended since it was checked.
    if (this.#over === null) this.#deliver()
    else this.#tellOver(transport, this.#over)
  }

  detach(transport: Transport): void {
    if (this.#transport !== transport) return
    this.#transport = null
    this.#left()
  }

  /** Writes what is new to whoever listens. */
  flush(): void {
    if (this.#store.hasNews) this.#deliver()
  }

  /** The session is over, or the server goes away: tells the client, at once. */
  over(reason: string): void {
    if (this.#over !== null) return
    this.#over = reason
    if (this.#transport !== null) this.#tellOver(this.#transport, reason)
  }

  #tellOver(transport: Transport, reason: string): void {
    const told = reasonTold(reason)
    // A server that goes away ends no session: its clients come back with the same key.
    if (told === null) {
      transport.end('closing')
      return
    }
    const packs = this.#store.hasNews
      ? this.#store.write({ fresh: this.#fresh, system: unset(told) })
      : unsetPacks(told)
    transport.finish(packs ?? unsetPacks(told))
  }

  tick(now: number): void {
    this.#transport?.tick(now)
  }

  /** The session as it was just checked. */
  saw({ session }: Authenticated): void {
    this.#expiresAt = session.expiresAt
  }

  /** Whether its client has been away for the idle time of the session, an hour at most, and a minute more. */
  get isAbandoned(): boolean {
    return this.#transport === null && this.#parts.now() > this.#keptUntil
  }

  #left(): void {
    const now = this.#parts.now()
    const expiresAt = Math.max(this.#expiresAt, this.connection?.current.session.expiresAt ?? 0)
    this.#keptUntil = Math.min(expiresAt, now + MAX_IDLE_MS) + KEPT_LONGER_MS
  }

  #replace(transport: Transport | null): void {
    const before = this.#transport
    this.#transport = transport
    this.#fresh = true
    before?.end('replaced')
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
