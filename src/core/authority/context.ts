import { clearTimeout, setTimeout } from 'node:timers'
import type { AuditAct, AuditEntry } from '../audit.ts'
import type { PasswordHasher } from '../credential/password/index.ts'
import { LatchkeyError, type Refusal, refusalOf } from '../errors.ts'
import type { RoutedEvent } from '../event.ts'
import type { Guard, RequestSource } from '../guard.ts'
import type {
  ActorWithCredential,
  BusMessage,
  Directory,
  Epochs,
  ExternalSessions,
  Store,
} from '../ports/index.ts'
import { expiresAt, isOutdated } from '../session/lifetimes.ts'
import type { SessionRecord } from '../session/record.ts'
import type { SettingsTable } from '../settings.ts'
import type { ParsedRenewal, SigningKeys, TokenCodec } from '../token/codec.ts'
import { nativeCodec } from '../token/native-codec.ts'
import { PresentedToken } from '../token/presented-token.ts'
import { keyedHash } from '../token/secret.ts'
import { addressOf } from './address-of.ts'
import { CoherentCache } from './cache/coherent-cache.ts'
import type { DataEntry } from './cache/data-entry.ts'
import { ActorChanges, ActorEntry, anonymousEntry, SessionEntry } from './cache/session-entry.ts'
import { TouchBuffer } from './cache/touch-buffer.ts'
import { type Change, NEEDS_CONFIRMATION } from './changes.ts'
import type { AuthorityContextOptions } from './context-options.ts'
import { AttemptsUnderWay } from './login/attempts-under-way.ts'
import type { AuthorityObserver } from './observer.ts'
import { AnonymousLimit } from './sessions/anonymous-limit.ts'
import { storeError } from './store-error.ts'
import { unlessAborted } from './unless-aborted.ts'

/** Options of every method, besides its own input. */
export interface CallOptions extends RequestSource {
  /** Epoch milliseconds; the store's clock by default. */
  readonly now?: number
  /** Cancels the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
  /** The id of the acting administrator, for the audit trail. */
  readonly by?: string | null
}

/** The outcome of reading a session: its record in any state, and its entry if it is live. */
export interface LoadedSession {
  readonly record: SessionRecord | null
  /** Null only if there is no record. */
  readonly epochs: Epochs | null
  readonly entry: SessionEntry | null
}

/** What the methods of one authority share: store, caches, codecs, and publishing of changes. */
export class AuthorityContext {
  readonly store: Store
  readonly directory: Directory
  readonly settings: SettingsTable
  readonly hasher: PasswordHasher
  readonly guards: readonly Guard[]
  readonly sessions: CoherentCache<SessionEntry, LoadedSession>
  readonly actors: CoherentCache<ActorEntry, ActorEntry | null>
  readonly data: CoherentCache<DataEntry, DataEntry>
  /** Sessions whose rows other systems own. */
  readonly external: readonly ExternalSessions[]
  /** A key that never leaves the store: for the ids of keyed sessions. */
  readonly installationKey: string
  readonly touches: TouchBuffer
  readonly anonymous: AnonymousLimit
  readonly attempts = new AttemptsUnderWay()
  readonly onError: (error: unknown) => void
  readonly #actorChanges = new ActorChanges()
  readonly #codecs: readonly TokenCodec[]
  readonly #auditKey: string
  readonly #storeTimeoutMs: number
  readonly #observer: AuthorityObserver
  readonly #listeners = new Set<(change: Change) => void>()
  readonly #eventListeners = new Set<(routed: RoutedEvent) => readonly string[]>()
  readonly #unsubscribe: () => void

  constructor(parts: AuthorityContextOptions) {
    this.store = parts.store
    this.directory = parts.directory
    this.settings = parts.settings
    this.hasher = parts.hasher
    this.guards = parts.guards
    this.onError = parts.onError
    this.#codecs = [nativeCodec, ...parts.codecs]
    this.#auditKey = parts.auditKey
    this.#storeTimeoutMs = parts.storeTimeoutMs
    this.#observer = parts.observer
    this.sessions = new CoherentCache(parts.cache)
    this.actors = new CoherentCache({
      maxEntries: parts.cache.maxEntries,
      maxBytes: parts.cache.maxBytes,
    })
    this.data = new CoherentCache(parts.cache)
    this.external = parts.external
    this.installationKey = parts.installationKey
    this.touches = new TouchBuffer({
      write: (touches) => this.ask(() => this.store.sessions.touch(touches)),
      onError: parts.onError,
    })
    this.anonymous = new AnonymousLimit(this)
    this.#unsubscribe = this.store.bus.subscribe((message) => this.#receive(message))
  }

  now(options: CallOptions): number {
    return options.now ?? this.store.clock.now()
  }

  /** Calls the store, within the deadline and until `signal` fires. Rethrows any error of the engine as `unavailable`. */
  async ask<T>(question: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted()
    const deadline = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      deadline.reject(storeError('store_deadline', 'The store did not answer in time. Try again.'))
    }, this.#storeTimeoutMs)
    try {
      return await unlessAborted(Promise.race([question(), deadline.promise]), signal)
    } catch (error) {
      if (error instanceof LatchkeyError || signal?.aborted === true) throw error
      throw storeError('store', 'The store failed. Try again later.', error)
    } finally {
      clearTimeout(timer)
    }
  }

  /**
   * Writes to the store, and announces the changes that `changesOf` derives from the outcome. If
   * the caller aborts or the deadline passes while the write still completes, the changes are
   * announced when it does.
   */
  async write<T>(
    write: () => Promise<T>,
    changesOf: (outcome: T) => Change | readonly (Change | null)[] | null,
    signal?: AbortSignal,
  ): Promise<T> {
    const startedAt = performance.now()
    let revokes = false
    let announced: Promise<unknown> | null = null
    const outcome = await this.ask(async () => {
      const written = await write()
      const changes = [changesOf(written)].flat().filter((change) => change !== null)
      revokes = changes.some(({ kind }) => NEEDS_CONFIRMATION[kind])
      announced = Promise.all(changes.map((change) => this.announce(change)))
      return written
    }, signal)
    await announced
    if (revokes) this.#observer.revoked?.(performance.now() - startedAt)
    return outcome
  }

  codec(name: string): TokenCodec {
    const codec = this.#codecs.find((candidate) => candidate.name === name)
    if (codec === undefined) throw new LatchkeyError('invalid_request', `No token format ${name}.`)
    return codec
  }

  /** Parses a token of any registered format; returns null if no format matches. */
  parseToken(text: string): PresentedToken | null {
    for (const codec of this.#codecs) {
      const parts = codec.parse(text)
      if (parts !== null) return new PresentedToken(codec, parts)
    }
    return null
  }

  /** Returns the keys of the formats that sign. */
  signingKeys(): readonly SigningKeys[] {
    return this.#codecs.flatMap(({ keys }) => (keys === undefined ? [] : [keys]))
  }

  /** The result contains the codec, because the renewed token has the format of the code. */
  parseRenewal(code: string): (ParsedRenewal & { codec: TokenCodec }) | null {
    for (const codec of this.#codecs) {
      const parsed = codec.parseRenewal(code)
      if (parsed !== null) return { ...parsed, codec }
    }
    return null
  }

  /** Returns whether cached entries may be trusted now. */
  trusted(): boolean {
    return this.store.bus.isTrusted()
  }

  /** Returns an active actor, through the cache; null if it is missing or suspended. */
  async findActor(id: string, now: number): Promise<ActorEntry | null> {
    const trusted = this.trusted()
    const cached = trusted ? this.actors.get(id) : undefined
    if (cached !== undefined && this.isCurrent(cached, now)) return cached
    const load = async () => {
      const seen = this.#actorChanges.seen(id)
      const found = await this.ask(() => this.directory.find(id))
      const active = found !== null && found.actor.status === 'active'
      const entry = active ? new ActorEntry(found.actor, now, seen) : null
      return { entry, result: entry }
    }
    return trusted ? this.actors.fill(id, load) : (await load()).result
  }

  isCurrent(entry: ActorEntry, now: number): boolean {
    const maxAgeMs = this.directory.maxAgeMs
    if (!entry.isCurrent(this.#actorChanges)) return false
    // A value that was read for this check is current even if it may not be cached.
    return maxAgeMs === undefined || now - entry.readAt < Math.max(1, maxAgeMs)
  }

  /** Reads a session and everything a check of it needs from the store. Caches it if it is live. */
  async loadSession(id: string, now: number): Promise<LoadedSession> {
    const trusted = this.trusted()
    const load = async () => {
      const loaded = await this.#readSession(id, now)
      // The first use of a generation is a write, so an unused one is never cached.
      return { entry: loaded.record?.usedAt === null ? null : loaded.entry, result: loaded }
    }
    if (trusted) return this.sessions.fill(id, load)
    const { result } = await load()
    const { bus } = this.store
    if (result.entry !== null && bus.confirmRead) await this.ask(async () => bus.confirmRead?.())
    return result
  }

  async #readSession(id: string, now: number): Promise<LoadedSession> {
    for (let attempt = 0; attempt < 3; attempt++) {
      const before = this.#actorChanges.number
      const loaded = await this.#readOnce(id, now)
      // An epoch raised between the reads of the record and of its actor is in neither result.
      const { record } = loaded
      const changed =
        record !== null &&
        [record.owner, record.actsAs].some(
          (actor) => actor !== null && this.#actorChanges.changedSince(actor, before),
        )
      if (!changed) return loaded
    }
    throw new LatchkeyError('unavailable', 'The account changed repeatedly. Try again.')
  }

  async #readOnce(id: string, now: number): Promise<LoadedSession> {
    const loaded = await this.ask(() => this.store.sessions.load(id))
    if (loaded === null) return { record: null, epochs: null, entry: null }
    const { record, epochs } = loaded
    if (record.endedAt !== null || isOutdated(record, epochs)) return { ...loaded, entry: null }
    const owner = record.anonymous
      ? anonymousEntry(record, this.#actorChanges.seen(record.owner))
      : await this.findActor(record.owner, now)
    const target = record.actsAs === null ? owner : await this.findActor(record.actsAs, now)
    if (owner === null || target === null) return { ...loaded, entry: null }
    const entry = new SessionEntry(record, target, record.actsAs === null ? null : owner)
    entry.touchedAt = Math.max(entry.touchedAt, this.touches.find(id) ?? 0)
    entry.lastUsedAt = Math.max(entry.touchedAt, this.sessions.peek(id)?.lastUsedAt ?? 0)
    return { ...loaded, entry }
  }

  /** Returns when a session ends unless it is used before. Includes uses not yet written. */
  expiresAt(record: SessionRecord): number {
    const lastUsedAt = Math.max(record.lastUsedAt, this.touches.find(record.id) ?? 0)
    return expiresAt({ ...record, lastUsedAt })
  }

  /** Returns the actor of a live session. Throws `session_revoked` if it is not active. */
  async actorOf(record: SessionRecord, now: number): Promise<ActorEntry> {
    const entry = record.anonymous
      ? anonymousEntry(record, this.#actorChanges.seen(record.owner))
      : await this.findActor(record.owner, now)
    if (entry !== null) return entry
    throw new LatchkeyError('session_revoked', 'The session has ended.', { reason: 'suspended' })
  }

  /** Calls `listener` with events that other nodes published. Returns a function that stops it. */
  onPublishedEvent(listener: (routed: RoutedEvent) => readonly string[]): () => void {
    this.#eventListeners.add(listener)
    return () => this.#eventListeners.delete(listener)
  }

  /** Calls `listener` with every change of any node. Returns a function that removes it. */
  onChange(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Applies a change on this node at once and publishes it. Resolves when it is applied on every
   * node, or, for changes that revoke nothing, when it is sent. Throws `unavailable` if it could
   * not be sent: the write stands, and a retry is safe.
   */
  async announce(change: Change): Promise<void> {
    this.#apply(change)
    await this.store.bus.publish(change, { confirmed: NEEDS_CONFIRMATION[change.kind] })
  }

  #receive(message: BusMessage): readonly string[] {
    if (message.kind === 'event') {
      const { actor, event } = message
      return [...this.#eventListeners].flatMap((listener) => listener({ actor, event }))
    }
    this.#apply(message)
    const all = message.kind === 'missed'
    if (all || message.kind === 'settings-changed') this.settings.load().catch(this.onError)
    if (all || message.kind === 'signing-keys-changed') {
      for (const keys of this.signingKeys()) keys.reload().catch(this.onError)
    }
    return []
  }

  #apply(change: Change): void {
    if (change.kind === 'session-changed' || change.kind === 'session-rotated') {
      this.sessions.invalidate(change.id)
    }
    if (change.kind === 'sessions-ended') {
      for (const { id } of change.ended) {
        this.sessions.invalidate(id)
        this.data.invalidate(id)
        this.touches.forget(id)
      }
    } else if (change.kind === 'actor-changed') {
      this.#actorChanges.raise(change.id)
      this.actors.invalidate(change.id)
    } else if (change.kind === 'data-changed') {
      this.data.invalidate(change.id)
    } else if (change.kind === 'owner-epoch-raised') {
      // Session entries refer to their owner, so this makes all of them be read again.
      this.#actorChanges.raise(change.owner)
      this.actors.invalidate(change.owner)
    } else if (change.kind === 'global-epoch-raised') {
      this.sessions.clear()
    } else if (change.kind === 'missed') {
      this.sessions.clear()
      this.data.clear()
      this.actors.clear()
    }
    for (const listener of this.#listeners) {
      try {
        listener(change)
      } catch (error) {
        this.onError(error)
      }
    }
  }

  /** Returns an audit entry. */
  entry(
    act: AuditAct,
    outcome: string,
    facts: Partial<Pick<AuditEntry, 'actor' | 'target' | 'session' | 'detail'>> & {
      identity?: string
    },
    options: CallOptions,
  ): AuditEntry {
    return {
      at: this.now(options),
      act,
      outcome,
      actor: facts.actor ?? null,
      target: facts.target ?? null,
      session: facts.session ?? null,
      door: options.door ?? 'library',
      address: addressOf(options),
      identityHash: facts.identity === undefined ? null : this.hashIdentity(facts.identity),
      detail: facts.detail ?? null,
    }
  }

  /** Reports an act that took place, or was refused, to the observer. */
  report(entry: AuditEntry): void {
    this.#observer.audited?.(entry)
  }

  /** Returns the keyed hash under which an identity is counted and audited. */
  hashIdentity(identity: string): string {
    return keyedHash(this.#auditKey, identity)
  }

  async findCredential(id: string, signal?: AbortSignal): Promise<ActorWithCredential | null> {
    return this.ask(() => this.directory.find(id), signal)
  }

  async close(): Promise<void> {
    this.#unsubscribe()
    await this.touches.flush()
    this.#listeners.clear()
  }
}

/** Runs a function whose refusals are values: a thrown `LatchkeyError` becomes a refusal. */
export async function settle<T>(verb: () => Promise<T>): Promise<T | Refusal> {
  try {
    return await verb()
  } catch (error) {
    if (error instanceof LatchkeyError) return refusalOf(error)
    throw error
  }
}
