import type { CallOptions } from '../../../core/index.ts'
import { type AccessAnswer, checkAccess } from './acl.ts'
import { calledBack, withNothing, withValue } from './called-back.ts'
import { codeOfThrown } from './errors.ts'
import type { Services } from './services.ts'
import type { Session } from './session.ts'
import { type EventOptions, StateEvents } from './state-events.ts'

export interface StateOptions {
  readonly appName?: string
  readonly description?: string
  readonly data?: Record<string, unknown>
  /** Where the request comes from. */
  readonly caller?: CallOptions
}

/** What came of a state: texts are JSON, ready for the wire. */
export interface Outcome {
  readonly error: string | null
  readonly response: string | null
  /** Events to the caller itself. */
  readonly events: readonly string[]
}

/** A write that waits for the command's success, or takes back what the command has done. */
type Deferred = () => Promise<void>

interface Inside {
  readonly services: Services
  readonly caller: CallOptions
  readonly isOpen: () => boolean
  readonly hasFailed: () => boolean
  readonly onSuccess: (write: Deferred) => void
  readonly onFailure: (undo: Deferred) => void
  readonly emitLater: (name: string, data: () => unknown) => void
  readonly finish: () => Promise<Outcome>
  readonly crash: (error: unknown) => void
  /** Told when code that was called back throws: the command is over then. */
  readonly onCrash: (told: () => void) => void
}

let lookInside: (state: State) => Inside

/** What a state is made of: for the runtime, not for applications. */
export function insideOf(state: State): Inside {
  return lookInside(state)
}

/**
 * What one command runs in. Events and writes are buffered: they leave when the state is closed without an error; on an error only
 * events marked `alwaysEmit` do, and what was begun is taken back. Once closed it takes nothing more.
 */
export class State {
  actorId: string | undefined
  session: Session | undefined
  acl: readonly string[] = []
  appName: string
  description: string | undefined
  /** For the application's own use; from the wire it holds the client's `address`. */
  data: Record<string, unknown>
  readonly #services: Services
  readonly #caller: CallOptions
  readonly #events = new StateEvents()
  readonly #writes: Deferred[] = []
  readonly #undos: Deferred[] = []
  #error: string | null = null
  #response: string | null = null
  #open = true
  #crashed: (() => void) | null = null

  static {
    lookInside = (state) => state.#inside()
  }

  constructor(
    services: Services,
    actorId?: unknown,
    session?: Session | null,
    options: StateOptions = {},
  ) {
    this.#services = services
    this.#caller = options.caller ?? { door: 'mage' }
    this.actorId =
      actorId === undefined || actorId === null || actorId === '' ? undefined : String(actorId)
    this.appName = options.appName ?? services.appName
    this.description = options.description
    this.data = options.data ?? {}
    if (session !== undefined && session !== null) this.registerSession(session)
  }

  /** Lets the state act for a session, with its rights. */
  registerSession(session: Session): void {
    this.session = session
    this.actorId = session.actorId
    this.acl = session.acl
  }

  unregisterSession(): void {
    this.session = undefined
    this.actorId = undefined
    this.acl = []
  }

  /** Whether who acts here may do what such a list allows. */
  canAccess(acl: unknown): boolean {
    return this.checkAccess(acl) === 'allowed'
  }

  /** {@link canAccess}, and if not, why not. */
  checkAccess(acl: unknown): AccessAnswer {
    return checkAccess(this.acl, acl, this.#services)
  }

  /**
   * Buffers an event: to the caller for null, undefined, true and its own id, to another actor for its id, to several for a list. With
   * `isJson` the data is JSON text. Throws `TypeError` for data that is no JSON.
   */
  emit(to: unknown, name: string, data?: unknown, options: EventOptions = {}): void {
    if (this.#open) this.#events.emit(this.actorId, to, name, data, options)
  }

  /** Buffers an event to every open stream. */
  broadcast(name: string, data?: unknown, options: EventOptions = {}): void {
    if (this.#open) this.#events.broadcast(name, data, options)
  }

  /** Sets the answer. With `isJson` it is JSON text already. Throws `TypeError` for what is no JSON. */
  respond(value: unknown, isJson = false): void {
    if (!this.#open) return
    this.#response = isJson ? checkedJson(value) : (JSON.stringify(value) ?? null)
  }

  /**
   * Makes the command fail: with the code of an error, or its message, or the code itself; `server` for what is none of these.
   * `log` goes to the application's log. Then calls back.
   */
  error(code: unknown, log?: unknown, callback?: (code: string) => void): void {
    const told = codeOf(code)
    if (this.#open) this.#error = told
    if (log !== undefined && log !== null && log !== '') {
      const about = { actorId: this.actorId, description: this.description }
      this.#services.log.error.data(about).log(log)
    }
    callback?.(told)
  }

  /** Which of these actors have a session. */
  findActors(
    actorIds: readonly unknown[],
    callback?: (error: unknown, found?: { online: string[]; offline: string[] }) => void,
  ): Promise<{ online: string[]; offline: string[] }> {
    return this.#called(this.#findActors(actorIds.map(String)), callback, withValue)
  }

  /** Writes what is buffered and sends what was emitted so far, that to the caller through its stream. */
  distribute(callback?: (error?: unknown) => void): Promise<void> {
    return this.#called(this.#distribute(true), callback, withNothing)
  }

  /** Sends what was emitted so far, that to the caller through its stream. */
  distributeEvents(callback?: (error?: unknown) => void): Promise<void> {
    return this.#called(this.#distribute(false), callback, withNothing)
  }

  /** Ends the state: for states that an application made itself. */
  close(callback?: (error: unknown, outcome: Outcome) => void): Promise<Outcome> {
    const closed = this.#finish()
    if (callback !== undefined) {
      closed
        .then((outcome) => callback(null, outcome))
        .catch((error: unknown) => {
          this.#services.onError(error, this.description ?? 'a state')
        })
    }
    return closed
  }

  setDescription(description: string): void {
    this.description = description
  }

  getDescription(): string {
    return this.description ?? 'no description'
  }

  async #findActors(actorIds: readonly string[]) {
    const online: string[] = []
    const offline: string[] = []
    for (const owner of actorIds) {
      const { items } = await this.#services.authority.sessions.list({ owner, limit: 1 })
      if (items.length > 0) online.push(owner)
      else offline.push(owner)
    }
    return { online, offline }
  }

  async #distribute(withWrites: boolean): Promise<void> {
    if (withWrites) for (const write of this.#writes.splice(0)) await write()
    this.#events.mineToStream(this.actorId)
    this.#events.send(this.#services, { failed: false })
  }

  #called<T, Callback extends (error: unknown) => void>(
    work: Promise<T>,
    callback: Callback | undefined,
    call: (callback: Callback, value: T) => void,
  ): Promise<T> {
    return calledBack(work, callback, call, (error) => this.#crash(error))
  }

  async #finish(): Promise<Outcome> {
    if (!this.#open) return { error: this.#error, response: null, events: [] }
    if (this.#error === null && this.#writes.length > 0) {
      try {
        for (const write of this.#writes.splice(0)) await write()
      } catch (error) {
        this.error(codeOfThrown(error), error)
      }
    }
    this.#open = false
    const failed = this.#error !== null
    if (failed && this.#undos.length > 0) {
      for (const undo of this.#undos.splice(0).reverse()) {
        await undo().catch((error: unknown) => this.#services.onError(error, this.getDescription()))
      }
    }
    this.#events.send(this.#services, { failed })
    return {
      error: this.#error,
      response: failed ? null : this.#response,
      events: this.#events.mine({ failed }),
    }
  }

  #crash(error: unknown): void {
    this.error(codeOfThrown(error), error)
    this.#crashed?.()
  }

  #inside(): Inside {
    return {
      services: this.#services,
      caller: this.#caller,
      isOpen: () => this.#open,
      hasFailed: () => this.#error !== null,
      onSuccess: (write) => void this.#writes.push(write),
      onFailure: (undo) => void this.#undos.push(undo),
      emitLater: (name, data) => this.#events.emitLater(name, data),
      finish: () => this.#finish(),
      crash: (error) => this.#crash(error),
      onCrash: (told) => {
        this.#crashed = told
      },
    }
  }
}

function codeOf(code: unknown): string {
  let told: unknown = code
  if (code instanceof Error) told = (code as { code?: unknown }).code || code.message
  if (!told || typeof told === 'object') return 'server'
  return String(told)
}

function checkedJson(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('JSON must be given as text.')
  JSON.parse(value)
  return value
}
