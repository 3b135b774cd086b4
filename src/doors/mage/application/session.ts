import type { Authenticated } from '../../../core/index.ts'
import type { Facts } from './session-facts.ts'
import { insideOf, type State } from './state.ts'

/** What a session is made from. */
export interface SessionParts {
  readonly actorId: string
  readonly facts: Facts
  /** The access tags; they are fixed at the session's creation. */
  readonly acl: readonly string[]
  /** The whole key, where it is known: only its holder and who has just made it know it. */
  readonly fullKey: string | null
  /** The session as it was checked; null while it is still to be created. */
  readonly current: Authenticated | null
}

/**
 * A session as an application sees it. One that was made in the same command has its key, and exists for others, once the command
 * has succeeded; `ready()` makes it at once.
 */
export class Session {
  readonly actorId: string
  /** What is attached to it, with the access tags in `acl`. */
  readonly meta: Record<string, unknown>
  readonly language: string
  readonly version: string | undefined
  #acl: readonly string[]
  #fullKey: string | null
  #current: Authenticated | null
  #create: (() => Promise<SessionParts>) | null
  #creating: Promise<void> | null = null

  constructor(parts: SessionParts, create: (() => Promise<SessionParts>) | null = null) {
    this.actorId = parts.actorId
    this.language = parts.facts.language
    this.version = parts.facts.version ?? undefined
    this.meta = { acl: [...parts.acl], ...parts.facts.meta }
    this.#acl = parts.acl
    this.#fullKey = parts.fullKey
    this.#current = parts.current
    this.#create = create
  }

  get acl(): readonly string[] {
    return this.#acl
  }

  /** The secret part of the key; undefined where it is not known. */
  get key(): string | undefined {
    const key = this.#fullKey
    return key === null ? undefined : key.slice(key.lastIndexOf(':') + 1)
  }

  /** When it began, in seconds since 1970. */
  get creationTime(): number | undefined {
    return this.#current === null ? undefined : Math.floor(this.#current.session.createdAt / 1000)
  }

  /** The house's own view of it; null while it is still to be created. */
  get current(): Authenticated | null {
    return this.#current
  }

  /** `<actorId>:<key>`, or false where it is not known. */
  getFullKey(): string | false {
    return this.#fullKey ?? false
  }

  /** Resolves once it exists. Rejects with why it could not be made. */
  async ready(): Promise<this> {
    if (this.#create !== null) {
      this.#creating ??= this.#made(this.#create)
      await this.#creating
    }
    return this
  }

  async #made(create: () => Promise<SessionParts>): Promise<void> {
    const parts = await create()
    this.#create = null
    this.#current = parts.current
    this.#fullKey = parts.fullKey
    this.#acl = parts.acl
    this.meta['acl'] = [...parts.acl]
  }

  getData(key: string): unknown {
    return Object.hasOwn(this.meta, key) ? this.meta[key] : undefined
  }

  /** Attaches a value, or with undefined takes it away; kept when the command succeeds. Throws for the access tags. */
  setData(state: State, key: string, value: unknown): void {
    if (key === 'acl')
      throw new TypeError('The rights of a session are fixed when it is registered.')
    if (value === undefined) delete this.meta[key]
    else define(this.meta, key, value)
    this.#saveLater(state, (meta) => {
      const { [key]: _, ...rest } = meta
      return value === undefined ? rest : define({ ...rest }, key, value)
    })
  }

  delData(state: State, key: string): void {
    this.setData(state, key, undefined)
  }

  /** Keeps all that is attached, when the command succeeds. */
  save(state: State): void {
    this.#saveLater(state, () => {
      const { acl: _, ...meta } = this.meta
      return meta
    })
  }

  /** Counts as a use, when the command succeeds: it lives its idle time from now. */
  extend(state: State): void {
    const { services, onSuccess } = insideOf(state)
    onSuccess(async () => {
      const { current } = await this.ready()
      if (current !== null) await services.authority.sessions.recheck(current)
    })
  }

  /** Ends it when the command succeeds, and tells its client the reason. */
  expire(state: State, reason = 'expired'): void {
    const { services, caller, onSuccess } = insideOf(state)
    const by = state.actorId ?? null
    onSuccess(async () => {
      const { current } = await this.ready()
      if (current === null) return
      const ended = reason === 'loggedOut' ? 'logged_out' : 'revoked'
      const { id, owner } = current.session
      await services.authority.sessions.end({ id, owner }, { ...caller, reason: ended, by })
    })
    // Another's client is told by its stream, which is cut.
    if (this.actorId === state.actorId) state.emit(null, 'session.unset', reason)
  }

  /** Tells its client of it, with the key. */
  setOnClient(state: State): void {
    if (this.actorId === state.actorId) {
      insideOf(state).emitLater('session.set', () => this.#told())
    } else state.emit(this.actorId, 'session.set', this.#told())
  }

  #told() {
    return { key: this.getFullKey(), actorId: this.actorId, meta: this.meta }
  }

  #saveLater(
    state: State,
    change: (meta: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>,
  ): void {
    const { services, onSuccess } = insideOf(state)
    onSuccess(async () => {
      const { current } = await this.ready()
      if (current === null) return
      await services.facts.save(current, (facts) => ({
        language: this.language,
        version: this.version ?? facts.version,
        meta: change(facts.meta),
      }))
    })
  }
}

// `__proto__` is a key like any other.
function define(meta: Record<string, unknown>, key: string, value: unknown) {
  Object.defineProperty(meta, key, { value, enumerable: true, configurable: true, writable: true })
  return meta
}
