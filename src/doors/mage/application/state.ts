import type { CallOptions } from '../../../core/index.ts'
import { hasAccess } from './acl.ts'
import { callBack, withNothing, withValue } from './callback.ts'
import type { MageSession } from './mage-session.ts'
import type { Services } from './services.ts'
import type { EventOptions } from './state-events.ts'
import {
  type StateHandle,
  type StateOutcome,
  StateTransaction,
  TRANSACTION,
} from './state-transaction.ts'

/** Options of a `State`. */
export interface StateOptions {
  /** The name of the application by default. */
  readonly appName?: string
  /** What the state is for; it is written to the log with errors. */
  readonly description?: string
  /** The initial value of `state.data`. */
  readonly data?: Record<string, unknown>
  /** The source of the request. */
  readonly caller?: CallOptions
}

/**
 * The context of one command. Events and writes are buffered, and are sent and written when the state is closed without an error. After an
 * error only events marked `alwaysEmit` are sent, and what the command has done is undone. A closed state ignores further calls.
 */
export class State implements StateHandle {
  /** The actor on whose behalf the command runs; undefined without a session. */
  actorId: string | undefined
  /** The session of the caller; undefined where there is none. */
  session: MageSession | undefined
  /** The access tags of the session. */
  acl: readonly string[] = []
  /** The name of the application. */
  appName: string
  /** What the state is for; it is written to the log with errors. */
  description: string | undefined
  /** For use by the application. In a command it holds the client's `address` and the `batch`. */
  data: Record<string, unknown>
  readonly #transaction: StateTransaction

  constructor(
    services: Services,
    actorId?: unknown,
    session?: MageSession | null,
    options: StateOptions = {},
  ) {
    this.#transaction = new StateTransaction(this, services, options.caller ?? { door: 'mage' })
    this.actorId =
      actorId === undefined || actorId === null || actorId === '' ? undefined : String(actorId)
    this.appName = options.appName ?? services.appName
    this.description = options.description
    this.data = options.data ?? {}
    if (session !== undefined && session !== null) this.registerSession(session)
  }

  /** The buffered events and writes, for the runtime. */
  get [TRANSACTION](): StateTransaction {
    return this.#transaction
  }

  /** Sets the session, its actor and its access tags. */
  registerSession(session: MageSession): void {
    this.session = session
    this.actorId = session.actorId
    this.acl = session.acl
  }

  /** Removes the session, its actor and its access tags. */
  unregisterSession(): void {
    this.session = undefined
    this.actorId = undefined
    this.acl = []
  }

  /** Returns whether the session of this state has access by the given access list. */
  canAccess(acl: unknown): boolean {
    return hasAccess(this.acl, acl, this.#transaction.services)
  }

  /**
   * Buffers an event: for the caller with null, undefined, true or its own id, for another actor with its id, for several with a list. With
   * `isJson` the data is JSON text. Throws `TypeError` for data that is not JSON, `RangeError` above 10,000 events.
   */
  emit(to: unknown, name: string, data?: unknown, options: EventOptions = {}): void {
    const { isOpen, events } = this.#transaction
    if (isOpen) events.emit(this.actorId, to, name, data, options)
  }

  /** Buffers an event for every open message stream. */
  broadcast(name: string, data?: unknown, options: EventOptions = {}): void {
    const { isOpen, events } = this.#transaction
    if (isOpen) events.broadcast(name, data, options)
  }

  /** Sets the response. With `isJson` it is JSON text. Throws `TypeError` for a value that is not JSON. */
  respond(value: unknown, isJson = false): void {
    if (!this.#transaction.isOpen) return
    this.#transaction.respond(isJson ? checkedJson(value) : (JSON.stringify(value) ?? null))
  }

  /**
   * Makes the command fail with a code: that of an error, else its message; a text or a number as it is; `server` for anything else. `log`
   * is written to the application's log; a text there is the code where `code` is undefined. Calls back with the code.
   */
  error(code: unknown, log?: unknown, callback?: (code: string) => void): void {
    // A callback may have received the code itself, as a text, which has no `code`.
    const isText = code === undefined && typeof log === 'string'
    const clientCode = codeOf(isText ? log : code)
    this.#transaction.fail(clientCode, log)
    callback?.(clientCode)
  }

  /** Returns which of the given actors have a session. */
  findActors(
    actorIds: readonly unknown[],
    callback?: (error: unknown, found?: { online: string[]; offline: string[] }) => void,
  ): Promise<{ online: string[]; offline: string[] }> {
    return callBack(this, this.#findActors(actorIds.map(String)), callback, withValue)
  }

  /** Does the buffered writes and sends the buffered events now; those for the caller go through its message stream. */
  distribute(callback?: (error?: unknown) => void): Promise<void> {
    const work = this.#transaction.write().then(() => this.#sendEvents())
    return callBack(this, work, callback, withNothing)
  }

  /** Sends the buffered events now; those for the caller go through its message stream. */
  distributeEvents(callback?: (error?: unknown) => void): Promise<void> {
    return callBack(this, this.#sendEvents(), callback, withNothing)
  }

  /** Closes a state that the application has made itself. */
  close(callback?: (error: unknown, outcome: StateOutcome) => void): Promise<StateOutcome> {
    const closed = Promise.resolve(this.#transaction.finish())
    if (callback !== undefined) {
      closed
        .then((outcome) => callback(null, outcome))
        .catch((error: unknown) => {
          this.#transaction.services.onError(error, this.getDescription())
        })
    }
    return closed
  }

  /** Sets what the state is for. */
  setDescription(description: string): void {
    this.description = description
  }

  /** Returns what the state is for. */
  getDescription(): string {
    return this.description ?? 'no description'
  }

  async #findActors(actorIds: readonly string[]) {
    const { authority } = this.#transaction.services
    const online: string[] = []
    const offline: string[] = []
    for (const owner of actorIds) {
      const { items } = await authority.sessions.list({ owner, limit: 1 })
      if (items.length > 0) online.push(owner)
      else offline.push(owner)
    }
    return { online, offline }
  }

  async #sendEvents(): Promise<void> {
    const { events, services } = this.#transaction
    events.mineToStream(this.actorId)
    events.send(services, { failed: false })
  }
}

function codeOf(code: unknown): string {
  let value: unknown = code
  if (code instanceof Error) value = (code as { code?: unknown }).code || code.message
  if (!value || typeof value === 'object') return 'server'
  return String(value)
}

function checkedJson(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('JSON must be given as text.')
  JSON.parse(value)
  return value
}
