import { clearInterval, setInterval } from 'node:timers'
import {
  type ActorEvent,
  type Authenticated,
  type Authority,
  type Change,
  LatchkeyError,
  type MailboxLimits,
  type RoutedEvent,
} from '../core/index.ts'
import { add, countBy, remove } from './index-of-sets.ts'
import { streamUse } from './stream-use.ts'

/** The name of the event that replaces the events dropped from a full mailbox. It is delivered first, with `{ dropped }`. */
export const OVERFLOW_EVENT = 'mailbox.overflow'

/** The functions by which a connection is written to and closed. A door passes them to `open`. */
export interface ConnectionEnds {
  /** The name of the door: `mage`, `angen`, `grpc`. */
  readonly door: string
  /** Writes an event to the client. Absent: the connection receives no events, and they wait for one that does. */
  send?(event: ActorEvent): void
  /** Sends the reason to the client, and closes. Called once, and not if the door itself closed the connection. */
  close(reason: string): void
  /**
   * Returns the events that a protocol with confirmations has sent and that are not confirmed. When the connection ends before its session,
   * they go to the mailbox of the session.
   */
  unconfirmed?(): readonly ActorEvent[]
}

/** An open connection of a session. */
export interface Connection {
  /** A number that no other connection of this process has. */
  readonly id: number
  /** The door that opened the connection. */
  readonly door: string
  /** Epoch milliseconds. */
  readonly openedAt: number
  /** The session as it was last checked. */
  readonly current: Authenticated
  /** Resolves when the events that waited in the mailbox of the session have been passed to `send`. */
  readonly ready: Promise<void>
  /**
   * Reports traffic from the client: checks the session again and extends it. Returns false if the session has ended (the connection is
   * closed then) or if the store is unavailable.
   */
  use(): Promise<boolean>
  /**
   * Reports that the client has disconnected. Events that are not confirmed go to the session's mailbox, unless another connection of the
   * session is open.
   */
  leave(): void
}

/** Options of `createConnections`. */
export interface ConnectionsOptions {
  /** Reports the sessions that end, and checks those of connections. */
  readonly authority: Authority
  /** The limits of the events that wait for a session without a connection: 100 events, 262,144 bytes of JSON and 24 hours by default. */
  readonly mailbox?: Partial<MailboxLimits>
  /** How often the connections of expired sessions are closed: every 250 ms by default. */
  readonly sweepEveryMs?: number
  /** Receives errors of connections and of the store; ignored by default. */
  readonly onError?: (error: unknown) => void
}

/** The open connections of this process, by session and by actor. */
export interface Connections {
  /** Registers a connection, and sends it the events that wait in the mailbox of its session. */
  open(current: Authenticated, ends: ConnectionEnds): Connection
  /**
   * Sends an event to every live session of an actor, in the order of the calls: to its open connections on any node, or to its bounded
   * mailbox while it has none. Impersonations of the actor receive nothing. Rejects with `busy` while 1,000 events to the actor are being
   * sent.
   */
  send(actorId: string, event: ActorEvent): Promise<void>
  /** Sends an event to every open connection on every node, except those of impersonations. */
  broadcast(event: ActorEvent): void
  /** Returns the open connections of an actor in this process. */
  list(actorId: string): readonly Connection[]
  /** The number of open connections. */
  readonly size: number
  /** Returns the number of open connections of each door. */
  countByDoor(): ReadonlyMap<string, number>
  /** The number of events that are being sent. */
  readonly queuedEvents: number
  /**
   * Closes every connection with a reason (`server_closing` by default), and stops. Resolves when the events that are not confirmed are in
   * their mailboxes.
   */
  close(reason?: string): Promise<void>
}

interface Entry extends Connection {
  current: Authenticated
  checkedAt: number
  open: boolean
  ready: Promise<void>
  /** Events that wait until the mailbox is read; null while none is being read. */
  queued: ActorEvent[] | null
  readonly ends: ConnectionEnds
}

/** How often a session of another system is checked again for its open connections: no message announces its end. */
const EXTERNAL_CHECK_MS = 1000

/** The maximum number of events to one actor that are being sent. */
const MAX_QUEUED = 1000

/** Creates the registry of open connections, which closes a connection as soon as its session ends. */
export function createConnections(options: ConnectionsOptions): Connections {
  return new ConnectionTable(options)
}

class ConnectionTable implements Connections {
  readonly #authority: Authority
  readonly #limits: MailboxLimits
  readonly #onError: (error: unknown) => void
  readonly #bySession = new Map<string, Set<Entry>>()
  /** By the session's owner, and by the actor that it acts as. */
  readonly #byActor = new Map<string, Set<Entry>>()
  readonly #sending = new Map<string, { last: Promise<void>; queued: number }>()
  /** The writes to mailboxes that have not ended. */
  readonly #keeping = new Set<Promise<void>>()
  readonly #unsubscribe: readonly (() => void)[]
  readonly #timer: NodeJS.Timeout
  #nextId = 1
  #size = 0

  constructor(options: ConnectionsOptions) {
    this.#authority = options.authority
    this.#limits = { maxEvents: 100, maxBytes: 262_144, maxAgeMs: 86_400_000, ...options.mailbox }
    this.#onError = options.onError ?? (() => undefined)
    const { events } = this.#authority
    this.#unsubscribe = [
      this.#authority.onChange((change) => this.#apply(change)),
      events.onPublished((routed) => this.#deliver(routed)),
      events.onStored((sessions) => this.#drainAll(sessions)),
    ]
    this.#timer = setInterval(() => this.#sweep(), options.sweepEveryMs ?? 250)
    this.#timer.unref()
  }

  get size(): number {
    return this.#size
  }

  countByDoor(): ReadonlyMap<string, number> {
    return countBy(this.#entries(), ({ door }) => door)
  }

  get queuedEvents(): number {
    return [...this.#sending.values()].reduce((sum, { queued }) => sum + queued, 0)
  }

  open(current: Authenticated, ends: ConnectionEnds): Connection {
    const sessionId = current.session.id
    const entry: Entry = {
      id: this.#nextId++,
      door: ends.door,
      openedAt: this.#authority.now(),
      checkedAt: this.#authority.now(),
      current,
      open: true,
      ends,
      queued: null,
      ready: Promise.resolve(),
      use: () => this.#use(entry),
      leave: () => {
        if (this.#remove(entry)) this.#keep(entry, entry.ends.unconfirmed?.() ?? [])
      },
    }
    add(this.#bySession, sessionId, entry)
    for (const actorId of actorsOf(entry)) add(this.#byActor, actorId, entry)
    this.#size++
    if (ends.send !== undefined) this.#drain(entry)
    // A revocation between the check and this line found no connection to close.
    this.#use(entry, true).catch(this.#onError)
    return entry
  }

  send(actorId: string, event: ActorEvent): Promise<void> {
    const line = this.#sending.get(actorId) ?? { last: Promise.resolve(), queued: 0 }
    if (line.queued >= MAX_QUEUED) {
      return Promise.reject(
        new LatchkeyError('busy', 'Too many events to one actor.', { source: 'event_queue' }),
      )
    }
    this.#sending.set(actorId, line)
    line.queued++
    const sent = line.last.then(() => this.#sendNow(actorId, event))
    line.last = sent
      .catch(() => undefined)
      .then(() => {
        line.queued--
        if (line.queued === 0) this.#sending.delete(actorId)
      })
    return sent
  }

  broadcast(event: ActorEvent): void {
    this.#deliver({ actor: null, event })
    this.#authority.events.publish({ actor: null, event }).catch(this.#onError)
  }

  list(actorId: string): readonly Connection[] {
    const entries = [...(this.#byActor.get(actorId) ?? [])]
    return entries.filter(({ current }) => current.session.owner === actorId)
  }

  async close(reason = 'server_closing'): Promise<void> {
    clearInterval(this.#timer)
    for (const stop of this.#unsubscribe) stop()
    const entries = [...this.#entries()]
    for (const entry of entries) this.#cut(entry, reason)
    for (const entry of entries) this.#keep(entry, entry.ends.unconfirmed?.() ?? [])
    await Promise.all(this.#keeping)
  }

  *#entries(): Iterable<Entry> {
    for (const siblings of this.#bySession.values()) yield* siblings
  }

  async #sendNow(actorId: string, event: ActorEvent): Promise<void> {
    const sessions = await this.#sessionsOf(actorId)
    const here = this.#deliver({ actor: actorId, event })
    const elsewhere = await this.#authority.events.publish({ actor: actorId, event })
    const reached = new Set([...here, ...elsewhere])
    const absent = sessions.filter((id) => !reached.has(id))
    await this.#authority.events.store(absent, event, this.#limits)
    // A connection that was opened in between took its mailbox before.
    this.#drainAll(absent)
  }

  async #sessionsOf(actorId: string): Promise<readonly string[]> {
    const ids: string[] = []
    let after: string | undefined
    do {
      const page = await this.#authority.sessions.list({
        owner: actorId,
        ...(after === undefined ? {} : { after }),
      })
      for (const { id, actsAs } of page.items) if (actsAs === null) ids.push(id)
      after = page.next
    } while (after !== undefined)
    return ids
  }

  /** Sends an event to the open connections of this node, and returns the ids of their sessions. */
  #deliver({ actor, event }: RoutedEvent): readonly string[] {
    const entries = [...(actor === null ? this.#entries() : (this.#byActor.get(actor) ?? []))]
    const takers = entries.filter(
      ({ ends, current }) =>
        ends.send !== undefined &&
        current.impersonator === null &&
        (actor === null || current.session.owner === actor),
    )
    for (const entry of takers) this.#push(entry, event)
    return [...new Set(takers.map(({ current }) => current.session.id))]
  }

  #drainAll(sessions: readonly string[]): void {
    for (const id of sessions) {
      for (const entry of this.#bySession.get(id) ?? []) {
        if (entry.ends.send !== undefined) this.#drain(entry)
      }
    }
  }

  /** Sends the events of the mailbox to a connection. Events that arrive meanwhile are sent after them. */
  #drain(entry: Entry): void {
    entry.queued ??= []
    const waiting = this.#authority.events.take(entry.current.session.id)
    entry.ready = waiting.then(
      ({ events, dropped }) => {
        const lost = dropped === 0 ? [] : [{ name: OVERFLOW_EVENT, data: { dropped } }]
        this.#flush(entry, [...lost, ...events])
      },
      (error: unknown) => {
        this.#onError(error)
        this.#flush(entry, [])
      },
    )
  }

  #flush(entry: Entry, first: readonly ActorEvent[]): void {
    const queued = entry.queued ?? []
    entry.queued = null
    const all = [...first, ...queued]
    if (entry.open) for (const event of all) this.#push(entry, event)
    // The client disconnected while its mailbox was read.
    else this.#keep(entry, all)
  }

  /** Stores events in the mailbox of a session that has no other connection here. */
  #keep({ current }: Entry, events: readonly ActorEvent[]): void {
    const { id } = current.session
    if (events.length === 0 || this.#bySession.has(id)) return
    const store = async () => {
      for (const event of events) await this.#authority.events.store([id], event, this.#limits)
    }
    const keeping = store()
      .catch(this.#onError)
      .finally(() => this.#keeping.delete(keeping))
    this.#keeping.add(keeping)
  }

  #push(entry: Entry, event: ActorEvent): void {
    // The previous event may have closed it.
    if (!entry.open) return
    if (entry.queued !== null) {
      entry.queued.push(event)
      return
    }
    try {
      entry.ends.send?.(event)
    } catch (error) {
      this.#onError(error)
      this.#cut(entry, 'send_failed')
    }
  }

  async #use(entry: Entry, passive = false): Promise<boolean> {
    entry.checkedAt = this.#authority.now()
    const check = await this.#authority.sessions.recheck(entry.current, { passive })
    if (check.ok) {
      entry.current = check
      return true
    }
    // An unavailable store refused nothing, so the connection stays open.
    if (check.code === 'unavailable') return false
    this.#cut(entry, check.reason ?? (check.code === 'session_expired' ? 'expired' : 'revoked'))
    return false
  }

  #apply(change: Change): void {
    if (change.kind === 'sessions-ended') {
      for (const { id, reason } of change.ended) this.#endSession(id, reason)
    } else if (change.kind === 'session-changed' || change.kind === 'session-rotated') {
      const entries = this.#bySession.get(change.id) ?? []
      for (const entry of [...entries]) this.#use(entry, true).catch(this.#onError)
    } else if (change.kind === 'global-epoch-raised') {
      for (const id of [...this.#bySession.keys()]) this.#endSession(id, 'locked')
    } else if (change.kind === 'actor-changed') this.#recheckActor(change.id)
    else if (change.kind === 'owner-epoch-raised') this.#recheckActor(change.owner)
    else if (change.kind === 'missed') {
      for (const entry of [...this.#entries()]) this.#use(entry, true).catch(this.#onError)
    }
  }

  // The authority decides whether a session is still valid: a brought directory may have suspended the actor.
  #recheckActor(actorId: string): void {
    for (const entry of this.#byActor.get(actorId) ?? []) {
      this.#use(entry, true).catch(this.#onError)
    }
  }

  // An expiry is no write, so no message announces it.
  #sweep(): void {
    const now = this.#authority.now()
    const extendsBeforeMs = streamUse(this.#authority)
    for (const entry of [...this.#entries()]) {
      const { current, checkedAt, ends } = entry
      const { expiresAt, endsAt, profile } = current.session
      const stale =
        now - checkedAt >= EXTERNAL_CHECK_MS && this.#authority.sessions.isExternal(current)
      // An expiry at the absolute end cannot be moved.
      const extendable = ends.send !== undefined && expiresAt > now && expiresAt < endsAt
      const due = extendable && expiresAt - now <= extendsBeforeMs(profile)
      if (stale || due || expiresAt <= now) this.#use(entry, !due).catch(this.#onError)
    }
  }

  #endSession(id: string, reason: string): void {
    for (const entry of [...(this.#bySession.get(id) ?? [])]) this.#cut(entry, reason)
  }

  #cut(entry: Entry, reason: string): void {
    if (!this.#remove(entry)) return
    try {
      entry.ends.close(reason)
    } catch (error) {
      this.#onError(error)
    }
  }

  #remove(entry: Entry): boolean {
    if (!entry.open) return false
    entry.open = false
    remove(this.#bySession, entry.current.session.id, entry)
    for (const actorId of actorsOf(entry)) remove(this.#byActor, actorId, entry)
    this.#size--
    return true
  }
}

function actorsOf({ current }: Entry): ReadonlySet<string> {
  return new Set([current.session.owner, current.actor.id])
}
