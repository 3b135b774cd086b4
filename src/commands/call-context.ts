import {
  type ActorEvent,
  type Authenticated,
  type Authority,
  type CallOptions,
  LatchkeyError,
} from '../core/index.ts'
import type { CommandContext } from './define-command.ts'

/** The maximum number of events that one call may buffer. */
const MAX_EVENTS = 1000

interface BufferedEvent {
  readonly to: string | null
  readonly event: ActorEvent
  readonly always: boolean
}

/**
 * The context of one call: its event buffer, and a signal that is created only when a command reads
 * it.
 */
export class CallContext implements CommandContext {
  readonly authority: Authority
  readonly #current: Authenticated | null
  readonly #source: CallOptions
  #caller: (CallOptions & { readonly signal: AbortSignal }) | null = null
  #limit: AbortController | null = null
  #expired: LatchkeyError | null = null
  #events: BufferedEvent[] | null = []

  constructor(authority: Authority, current: Authenticated | null, caller: CallOptions) {
    this.authority = authority
    this.#current = current
    this.#source = caller
  }

  // The pipeline refuses a call without a session if the command's type requires one.
  get current(): Authenticated {
    return this.#current as Authenticated
  }

  get actor(): Authenticated['actor'] {
    if (this.#current === null) throw new LatchkeyError('token_missing', 'Log in first.')
    return this.#current.actor
  }

  get caller(): CallOptions & { readonly signal: AbortSignal } {
    this.#caller ??= { ...this.#source, signal: this.#signal() }
    return this.#caller
  }

  // A property rather than a method, because commands destructure the context.
  readonly emit: CommandContext['emit'] = (to, event, { always = false } = {}) => {
    if (this.#events === null) return
    if (this.#events.length >= MAX_EVENTS)
      throw new LatchkeyError('too_large', 'The command emitted too many events.')
    this.#events.push({ to, event, always })
  }

  /** Fires the command's signal at its time limit. */
  expire(error: LatchkeyError): void {
    this.#expired = error
    this.#limit?.abort(error)
  }

  /** Returns the events to send. Events emitted after the time limit are ignored. */
  closeEvents(succeeded: boolean): readonly BufferedEvent[] {
    const events = this.#events ?? []
    this.#events = null
    return events.length === 0 ? events : events.filter(({ always }) => succeeded || always)
  }

  #signal(): AbortSignal {
    this.#limit = new AbortController()
    if (this.#expired !== null) this.#limit.abort(this.#expired)
    const { signal } = this.#source
    return signal === undefined ? this.#limit.signal : AbortSignal.any([signal, this.#limit.signal])
  }
}
