import {
  type ActorEvent,
  type Authenticated,
  type Authority,
  type Change,
  LatchkeyError,
} from '../core/index.ts'
import { Mailbox, type MailboxLimits } from './mailbox.ts'

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
  /** The client went away. */
  leave(): void
}

export interface ConnectionsOptions {
  readonly authority: Authority
  readonly mailbox?: Partial<MailboxLimits>
  /** Sessions with events waiting, at most; past that the oldest mailbox goes. 10,000 by default. */
  readonly maxMailboxes?: number
  /** How often connections are looked over for expired sessions: every 250 ms by default. */
  readonly sweepEveryMs?: number
  readonly onError?: (error: unknown) => void
}

/** The connections that are open in this process, by session and by actor. */
export interface Connections {
  /** Registers a connection, and hands it the events that waited for its session. */
  open(current: Authenticated, ends: ConnectionEnds): Connection
  /**
   * Pushes an event to every live session of an actor, in the order of the calls: to its open connections, or into its
   * bounded mailbox while it has none. Impersonations of the actor get nothing.
   */
  send(actorId: string, event: ActorEvent): Promise<void>
  /** Pushes an event to every open connection but impersonations, and into every mailbox that waits for one. */
  broadcast(event: ActorEvent): void
  list(actorId: string): readonly Connection[]
  readonly size: number
  /** Closes every connection with a reason, and stops. */
  close(reason?: string): void
}

interface Entry extends Connection {
  current: Authenticated
  checkedAt: number
  open: boolean
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
  readonly #maxMailboxes: number
  readonly #onError: (error: unknown) => void
  readonly #bySession = new Map<string, Set<Entry>>()
  /** By the session's owner, and by whom it acts as. */
  readonly #byActor = new Map<string, Set<Entry>>()
  readonly #mailboxes = new Map<string, Mailbox>()
  readonly #sending = new Map<string, { last: Promise<void>; queued: number }>()
  readonly #unsubscribe: () => void
  readonly #timer: NodeJS.Timeout
  #nextId = 1
  #size = 0

  constructor(options: ConnectionsOptions) {
    this.#authority = options.authority
    this.#limits = { maxEvents: 100, maxBytes: 65_536, ...options.mailbox }
    this.#maxMailboxes = options.maxMailboxes ?? 10_000
    this.#onError = options.onError ?? (() => undefined)
    this.#unsubscribe = this.#authority.onChange((change) => this.#hear(change))
    this.#timer = setInterval(() => this.#sweep(), options.sweepEveryMs ?? 250)
    this.#timer.unref()
  }

  get size(): number {
    return this.#size
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
      use: () => this.#use(entry),
      leave: () => this.#remove(entry),
    }
    add(this.#bySession, sessionId, entry)
    for (const actorId of actorsOf(entry)) add(this.#byActor, actorId, entry)
    this.#size++
    if (ends.send !== undefined) {
      const waiting = this.#mailboxes.get(sessionId)?.take() ?? []
      this.#mailboxes.delete(sessionId)
      for (const event of waiting) this.#push(entry, event)
    }
    // A revocation between the check and this line found no connection to cut.
    this.#use(entry, true).catch(this.#onError)
    return entry
  }

  send(actorId: string, event: ActorEvent): Promise<void> {
    const line = this.#sending.get(actorId) ?? { last: Promise.resolve(), queued: 0 }
    if (line.queued >= MAX_QUEUED) {
      return Promise.reject(new LatchkeyError('busy', 'Too many events to one actor.'))
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
    for (const entry of [...this.#entries()]) {
      if (entry.current.impersonator === null) this.#push(entry, event)
    }
    for (const mailbox of this.#mailboxes.values()) mailbox.put(event)
  }

  list(actorId: string): readonly Connection[] {
    const entries = [...(this.#byActor.get(actorId) ?? [])]
    return entries.filter(({ current }) => current.session.owner === actorId)
  }

  close(reason = 'server_closing'): void {
    clearInterval(this.#timer)
    this.#unsubscribe()
    for (const entry of [...this.#entries()]) this.#cut(entry, reason)
    this.#mailboxes.clear()
  }

  *#entries(): Iterable<Entry> {
    for (const siblings of this.#bySession.values()) yield* siblings
  }

  async #sendNow(actorId: string, event: ActorEvent): Promise<void> {
    let after: string | undefined
    do {
      const page = await this.#authority.sessions.list({
        owner: actorId,
        ...(after === undefined ? {} : { after }),
      })
      for (const { id, actsAs } of page.items) {
        if (actsAs === null) this.#deliver(id, event)
      }
      after = page.next
    } while (after !== undefined)
  }

  #deliver(sessionId: string, event: ActorEvent): void {
    const open = [...(this.#bySession.get(sessionId) ?? [])].filter(({ ends }) => ends.send)
    if (open.length > 0) {
      for (const entry of open) this.#push(entry, event)
      return
    }
    const mailbox = this.#mailboxes.get(sessionId) ?? new Mailbox(this.#limits)
    this.#mailboxes.set(sessionId, mailbox)
    mailbox.put(event)
    if (this.#mailboxes.size > this.#maxMailboxes) {
      const oldest = this.#mailboxes.keys().next()
      if (oldest.done !== true) this.#mailboxes.delete(oldest.value)
    }
  }

  #push(entry: Entry, event: ActorEvent): void {
    // It may have been cut by the event before.
    if (!entry.open) return
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

  #hear(change: Change): void {
    if (change.kind === 'sessions-ended') {
      for (const { id, reason } of change.ended) this.#endSession(id, reason)
    } else if (change.kind === 'session-changed' || change.kind === 'session-rotated') {
      const entries = this.#bySession.get(change.id) ?? []
      for (const entry of [...entries]) this.#use(entry, true).catch(this.#onError)
    } else if (change.kind === 'global-epoch-raised') {
      for (const id of [...this.#bySession.keys()]) this.#endSession(id, 'locked')
      this.#mailboxes.clear()
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
    this.#mailboxes.delete(id)
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
