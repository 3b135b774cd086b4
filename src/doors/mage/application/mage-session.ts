import type { Authenticated } from '../../../core/index.ts'
import { type MageSessionData, saveSessionData } from './session-data.ts'
import { type StateHandle, transactionOf } from './state-transaction.ts'

/** What a {@link MageSession} is made from. */
export interface MageSessionParts {
  readonly actorId: string
  readonly data: MageSessionData
  /** The access tags, which are fixed when the session is created. */
  readonly acl: readonly string[]
  /** The session key as its client holds it; null where it is not known. */
  readonly fullKey: string | null
  /** The session as the authority returned it; null until it is created. */
  readonly current: Authenticated | null
}

/**
 * A session, as an application sees it. A session that a command registers is created when that command succeeds, and has its key from
 * then on; `ready()` creates it at once.
 */
export class MageSession {
  /** The actor whose session it is. */
  readonly actorId: string
  /** The values that the application attached, and the access tags as `acl`. */
  readonly meta: Record<string, unknown>
  /** The language of the session: `en` by default. */
  readonly language: string
  /** The application's version when the session was created; undefined where the application has none. */
  readonly version: string | undefined
  #acl: readonly string[]
  #fullKey: string | null
  #current: Authenticated | null
  #create: (() => Promise<MageSessionParts>) | null
  #creating: Promise<void> | null = null

  constructor(parts: MageSessionParts, create: (() => Promise<MageSessionParts>) | null = null) {
    const { data, acl } = parts
    this.actorId = parts.actorId
    this.language = data.language
    this.version = data.version ?? undefined
    this.meta = { acl: [...acl], ...data.meta }
    this.#acl = acl
    this.#fullKey = parts.fullKey
    this.#current = parts.current
    this.#create = create
  }

  /** The access tags, which are fixed when the session is created. */
  get acl(): readonly string[] {
    return this.#acl
  }

  /** The secret part of the session key; undefined where it is not known. */
  get key(): string | undefined {
    const key = this.#fullKey
    return key === null ? undefined : key.slice(key.lastIndexOf(':') + 1)
  }

  /** When the session was created, in seconds since 1970; undefined until it is. */
  get creationTime(): number | undefined {
    return this.#current === null ? undefined : Math.floor(this.#current.session.createdAt / 1000)
  }

  /** The session as the authority returned it; null until it is created. */
  get current(): Authenticated | null {
    return this.#current
  }

  /** Returns the session key as its client holds it (`<actorId>:<key>`), or false where it is not known. */
  getFullKey(): string | false {
    return this.#fullKey ?? false
  }

  /** Creates the session if it is not created yet. Rejects with the reason if it cannot be created. */
  async ready(): Promise<this> {
    if (this.#create !== null) {
      this.#creating ??= this.#adopt(this.#create)
      await this.#creating
    }
    return this
  }

  async #adopt(create: () => Promise<MageSessionParts>): Promise<void> {
    const parts = await create()
    this.#create = null
    this.#current = parts.current
    this.#fullKey = parts.fullKey
    this.#acl = parts.acl
    this.meta['acl'] = [...parts.acl]
  }

  /** Returns an attached value; undefined where there is none. */
  getData(key: string): unknown {
    return Object.hasOwn(this.meta, key) ? this.meta[key] : undefined
  }

  /** Attaches a value, or removes it with undefined. It is saved when the command succeeds. Throws `TypeError` for `acl`. */
  setData(state: StateHandle, key: string, value: unknown): void {
    if (key === 'acl') {
      throw new TypeError('The access tags of a session are fixed when it is registered.')
    }
    if (value === undefined) delete this.meta[key]
    else define(this.meta, key, value)
    this.#saveOnSuccess(state, (meta) => {
      const { [key]: _, ...rest } = meta
      return value === undefined ? rest : define({ ...rest }, key, value)
    })
  }

  /** Removes an attached value. The change is saved when the command succeeds. Throws `TypeError` for `acl`. */
  delData(state: StateHandle, key: string): void {
    this.setData(state, key, undefined)
  }

  /** Saves all attached values when the command succeeds. */
  save(state: StateHandle): void {
    this.#saveOnSuccess(state, () => {
      const { acl: _, ...meta } = this.meta
      return meta
    })
  }

  /** Extends the session by its idle time when the command succeeds. */
  extend(state: StateHandle): void {
    const transaction = transactionOf(state)
    transaction.onSuccess(async () => {
      const { current } = await this.ready()
      if (current !== null) await transaction.services.authority.sessions.recheck(current)
    })
  }

  /** Ends the session when the command succeeds, and sends its client `session.unset` with the reason: `expired` by default. */
  expire(state: StateHandle, reason = 'expired'): void {
    const transaction = transactionOf(state)
    const { services, caller } = transaction
    const by = state.actorId ?? null
    transaction.onSuccess(async () => {
      const { current } = await this.ready()
      if (current === null) return
      const endReason = reason === 'loggedOut' ? 'logged_out' : 'revoked'
      const { id, owner } = current.session
      await services.authority.sessions.end({ id, owner }, { ...caller, reason: endReason, by })
    })
    // The client of another actor's session receives the event through its message stream.
    if (this.actorId === state.actorId) state.emit(null, 'session.unset', reason)
  }

  /** Sends the client of the session `session.set`, with the session key. */
  setOnClient(state: StateHandle): void {
    if (this.actorId === state.actorId) {
      transactionOf(state).events.emitLater('session.set', () => this.#clientView())
    } else state.emit(this.actorId, 'session.set', this.#clientView())
  }

  #clientView() {
    return { key: this.getFullKey(), actorId: this.actorId, meta: this.meta }
  }

  #saveOnSuccess(
    state: StateHandle,
    change: (meta: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>,
  ): void {
    const transaction = transactionOf(state)
    transaction.onSuccess(async () => {
      const { current } = await this.ready()
      if (current === null) return
      await saveSessionData(transaction.services.authority, current, (data) => ({
        language: this.language,
        version: this.version ?? data.version,
        meta: change(data.meta),
      }))
    })
  }
}

// Assigning to `__proto__` would set the prototype.
function define(meta: Record<string, unknown>, key: string, value: unknown) {
  Object.defineProperty(meta, key, { value, enumerable: true, configurable: true, writable: true })
  return meta
}
