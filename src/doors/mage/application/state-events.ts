import type { ActorEvent } from '../../../core/index.ts'
import type { Services } from './services.ts'

/** Options of `state.emit` and `state.broadcast`. */
export interface EventOptions {
  /** Whether the data is JSON text. */
  readonly isJson?: boolean
  /** Whether the event is sent even if the command fails. */
  readonly alwaysEmit?: boolean
}

interface Mine {
  readonly json: () => string
  readonly always: boolean
}

interface Other {
  /** Null for all open message streams. */
  readonly to: string | null
  readonly event: ActorEvent
  readonly always: boolean
}

/** Events that one command may buffer. */
const MAX_EVENTS = 10_000

/** The events of one state that are not sent yet. */
export class StateEvents {
  #mine: Mine[] = []
  #others: Other[] = []

  emit(
    self: string | undefined,
    to: unknown,
    name: string,
    data: unknown,
    { isJson = false, alwaysEmit = false }: EventOptions,
  ): void {
    const targets = Array.isArray(to) ? to.map((id) => target(id, self)) : [target(to, self)]
    const value = isJson ? parsed(data) : data
    const others = new Set<string>()
    for (const id of targets) {
      // The caller receives the event as often as it is listed, another actor once.
      if (id !== null && others.has(id)) continue
      this.#checkRoom()
      if (id === null) {
        const json = eventJson(name, value)
        this.#mine.push({ json: () => json, always: alwaysEmit })
        continue
      }
      others.add(id)
      this.#others.push({ to: id, event: eventOf(name, value), always: alwaysEmit })
    }
  }

  broadcast(
    name: string,
    data: unknown,
    { isJson = false, alwaysEmit = false }: EventOptions,
  ): void {
    this.#checkRoom()
    const event = eventOf(name, isJson ? parsed(data) : data)
    this.#others.push({ to: null, event, always: alwaysEmit })
  }

  /** Buffers an event for the caller whose data is read when the event is sent. */
  emitLater(name: string, data: () => unknown): void {
    this.#mine.push({ json: () => eventJson(name, data()), always: false })
  }

  /** Redirects the events for the caller to its message stream. */
  mineToStream(self: string | undefined): void {
    const mine = this.#mine
    this.#mine = []
    if (self === undefined) return
    for (const { json, always } of mine) {
      const [name, data] = JSON.parse(json()) as [string, unknown]
      this.#others.push({ to: self, event: eventOf(name, data), always })
    }
  }

  /** Returns the events for the response, as JSON. */
  mine({ failed }: { readonly failed: boolean }): readonly string[] {
    if (this.#mine.length === 0) return []
    return this.#mine.filter(({ always }) => always || !failed).map(({ json }) => json())
  }

  /** Sends the events for other actors, without waiting for the delivery. */
  send(services: Services, { failed }: { readonly failed: boolean }): void {
    const others = this.#others
    if (others.length === 0) return
    this.#others = []
    const { connections, onError } = services
    for (const { to, event, always } of others) {
      if (failed && !always) continue
      if (to === null) connections.broadcast(event)
      else connections.send(to, event).catch((error: unknown) => onError(error, event.name))
    }
  }

  #checkRoom(): void {
    if (this.#mine.length + this.#others.length < MAX_EVENTS) return
    throw new RangeError('The command emits more than 10,000 events.')
  }
}

function target(id: unknown, self: string | undefined): string | null {
  if (id === null || id === undefined || id === true) return null
  const text = String(id)
  return text === self ? null : text
}

function parsed(data: unknown): unknown {
  if (typeof data === 'string') return JSON.parse(data)
  if (data === undefined) return undefined
  throw new TypeError('JSON must be given as text.')
}

// A copy, because the application may change the value later.
function eventOf(name: string, data: unknown): ActorEvent {
  const json = JSON.stringify(data)
  return json === undefined ? { name } : { name, data: JSON.parse(json) }
}

function eventJson(name: string, data: unknown): string {
  const json = JSON.stringify(data)
  return json === undefined ? `[${JSON.stringify(name)}]` : `[${JSON.stringify(name)},${json}]`
}
