import {
  type ActorEvent,
  type Authenticated,
  type Authority,
  type Change,
  LatchkeyError,
  type MailboxLimits,
  type RoutedEvent,
} from '../core/index.ts'

/** The event that stands for those that were dropped from a full mailbox: the first that its reader gets, with `{ dropped }`. */
export const OVERFLOW_EVENT = 'mailbox.overflow'

/** What a door gives for each connection it opens. */
export interface ConnectionEnds {
  readonly door: string
  /** Writes an event to the client. A connection without takes none: they wait for one that does. */
  send?(event: ActorEvent): void
  /** Tells the client why, and closes. Called once, and not when the door itself closed the connection. */
  close(reason: string): void
}

/** A connection that stands on a session. */
export interface Connection {
  readonly id: number
  readonly door: string
  readonly openedAt: number
  /** The session as it was last checked. */
  readonly current: Authenticated
  /** Traffic from the client: checks the session again and extends it. False when it is over (the connection is closed then), or when that cannot be known. */
  use(): Promise<boolean>
  /**
   * The client disconnected. Events that a protocol with confirmations had sent and that were not confirmed go to the session's mailbox, unless
   * another connection of the session is open.
   */
  leave(unconfirmed?: readonly ActorEvent[]): void
}

export interface ConnectionsOptions {
  readonly authority: Authority
  /** What waits for a session without a connection: 100 events, 65,536 bytes of JSON and 24 hours by default. */
  readonly mailbox?: Partial<MailboxLimits>
  /** How often connections are looked over for expired sessions: every 250 ms by default. */
  readonly sweepEveryMs?: number
  readonly onError?: (error: unknown) => void
}

/** The connections that are open in this process, by session and by actor. */
export interface Connections {
  /** Registers a connection, and hands it the events that waited for its session. */
  open(current: Authenticated, ends: ConnectionEnds): Connection
  /**
   * Pushes an event to every live session of an actor, in the order of the calls: to its open connections on any node, or into its
   * bounded mailbox while it has none. Impersonations of the actor get nothing. Rejects with `busy` while 1,000 events to the actor are
   * under way.
   */
  send(actorId: string, event: ActorEvent): Promise<void>
  /** Pushes an event to every open connection on every node, but to no impersonation. */
  broadcast(event: ActorEvent): void
  list(actorId: string): readonly Connection[]
  readonly size: number
  /** Returns the number of open connections of each door. */
  countByDoor(): ReadonlyMap<string, number>
  /** The number of events that are under way. */
  readonly queuedEvents: number
  /** Closes every connection with a reason, and stops. */
  close(reason?: string): void
}

interface Entry extends Connection {
  current: Authenticated
  checkedAt: number
  open: boolean
  /** Events that wait until the mailbox is read; null where nothing is being read. */
  queued: ActorEvent[] | null
  readonly ends: ConnectionEnds
}

/** How often a session of another system is checked again for its open connections: no message tells of its end. */
const EXTERNAL_CHECK_MS = 1000

/** Events to one actor that may be under way at once. */
const MAX_QUEUED = 1000

/** Makes the registry of live connections, which cuts them the moment their session ends. */
export function createConnections(options: ConnectionsOptions): Connections {
  return new ConnectionTable(options)
}

class ConnectionTable implements Connections {
  readonly #authority: Authority
  readonly #limits: MailboxLimits
  readonly #onError: (error: unknown) => void
  readonly #bySession = new Map<string, Set<Entry>>()
  /** By the session's owner, and by whom it acts as. */
  readonly #byActor = new Map<string, Set<Entry>>()
  readonly #sending = new Map<string, { last: Promise<void>; queued: number }>()
  readonly #unsubscribe: readonly (() => void)[]
  readonly #timer: NodeJS.Timeout
  #nextId = 1
  #size = 0

  constructor(options: ConnectionsOptions) {
    this.#authority = options.authority
    this.#limits = { maxEvents: 100, maxBytes: 65_536, maxAgeMs: 86_400_000, ...options.mailbox }
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
    const counts = new Map<string, number>()
    for (const { door } of this.#entries()) counts.set(door, (counts.get(door) ?? 0) + 1)
    return counts
  }

  get queuedEvents(): number {
    let queued = 0
    for (const line of this.#sending.values()) queued += line.queued
    return queued
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
      use: () => this.#use(entry),
      leave: (unconfirmed = []) => {
        if (this.#remove(entry) && unconfirmed.length > 0) this.#keep(entry, unconfirmed)
      },
    }
    add(this.#bySession, sessionId, entry)
    for (const actorId of actorsOf(entry)) add(this.#byActor, actorId, entry)
    this.#size++
    if (ends.send !== undefined) this.#drain(entry)
    // A revocation between the check and this line found no connection to cut.
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

  close(reason = 'server_closing'): void {
    clearInterval(this.#timer)
    for (const stop of this.#unsubscribe) stop()
    for (const entry of [...this.#entries()]) this.#cut(entry, reason)
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

  /** Pushes an event to the open connections of this node, and returns the ids of their sessions. */
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

  /** Hands what waits in the mailbox to a connection. Events that arrive meanwhile come after. */
  #drain(entry: Entry): void {
    entry.queued ??= []
    const waiting = this.#authority.events.take(entry.current.session.id)
    waiting.then(
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
    else if (all.length > 0) this.#keep(entry, all)
  }

  /** Puts events into the mailbox of a session that has no other connection here. */
  #keep({ current }: Entry, events: readonly ActorEvent[]): void {
    const { id } = current.session
    if (this.#bySession.has(id)) return
    const store = async () => {
      for (const event of events) await this.#authority.events.store([id], event, this.#limits)
    }
    store().catch(this.#onError)
  }

  #push(entry: Entry, event: ActorEvent): void {
    // It may have been cut by the event before.
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
    // Not knowing is no reason to cut: nothing was refused.
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
    for (const entry of [...this.#entries()]) {
      const { current, checkedAt } = entry
      const stale =
        now - checkedAt >= EXTERNAL_CHECK_MS && this.#authority.sessions.isExternal(current)
      if (stale || current.session.expiresAt <= now) this.#use(entry, true).catch(this.#onError)
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

function add(entries: Map<string, Set<Entry>>, key: string, entry: Entry): void {
  const siblings = entries.get(key)
  if (siblings === undefined) entries.set(key, new Set([entry]))
  else siblings.add(entry)
}

function remove(entries: Map<string, Set<Entry>>, key: string, entry: Entry): void {
  const siblings = entries.get(key)
  siblings?.delete(entry)
  if (siblings?.size === 0) entries.delete(key)
}
