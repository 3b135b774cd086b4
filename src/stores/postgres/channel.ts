import { createHash } from 'node:crypto'
import type { Channel, Member, Signal } from '../kit/channel.ts'
import {
  type BusNodes,
  IDENTITY_COLUMNS,
  type ServerIdentity,
  type WrittenBeat,
} from './bus-nodes.ts'
import type { BusClient } from './connection.ts'
import type { Database } from './database.ts'
import { createListener, type Listener } from './listener.ts'
import { quoted } from './migrations.ts'
import { createOutbox, type Outbox, ROW_PREFIX } from './outbox.ts'

export interface ChannelOptions {
  readonly database: Database
  readonly nodes: BusNodes
  readonly createClient: () => BusClient
  readonly monotonic: () => number
  readonly deadlineMs: number
  /** A connection for notifications that does not return this node's heartbeats for so long is opened again. */
  readonly silenceMs: number
  /** Called with each heartbeat that was written, and how long that took. */
  readonly onBeat?: (written: WrittenBeat, tookMs: number) => void
  readonly onError: (error: unknown) => void
}

export interface PostgresChannel extends Channel {
  /** Resolves when a heartbeat of this node has returned for the first time. */
  readonly returned: Promise<void>
  close(): Promise<void>
}

/** How many heartbeats pass between two removals of old rows. */
const BEATS_PER_PRUNE = 40

/**
 * Creates the channel of one node over LISTEN and NOTIFY. A heartbeat is written to the node's row first, as any write, and returns only
 * if the connection for notifications reads that row on the same server.
 */
export function createChannel(options: ChannelOptions): PostgresChannel {
  return new NotifyChannel(options)
}

class NotifyChannel implements PostgresChannel {
  readonly #options: ChannelOptions
  readonly #outbox: Outbox
  readonly #shared: string
  #listener: Listener | null = null
  #receive: ((signal: Signal) => void) | null = null
  #self: Member | null = null
  /** Payloads are handled one after another, because some of them are read from a row. */
  #handling: Promise<void> = Promise.resolve()
  #queued = 0
  /** The last heartbeat that was written, with its server. */
  #written: (ServerIdentity & { readonly beat: number }) | null = null
  /** When the oldest heartbeat that has not returned was notified. */
  #unreturnedSince: number | null = null
  readonly #returned = Promise.withResolvers<void>()
  #members: Promise<unknown> = Promise.resolve()
  /** The read that has not begun. */
  #nextMembers: Promise<readonly Member[]> | null = null
  readonly #beating = new Set<Promise<unknown>>()
  #beats = 0

  constructor(options: ChannelOptions) {
    this.#options = options
    this.#outbox = createOutbox(options.database)
    const schema = createHash('sha256').update(options.database.schema).digest('hex').slice(0, 16)
    this.#shared = `latchkey_${schema}`
  }

  get returned(): Promise<void> {
    return this.#returned.promise
  }

  async send(signal: Signal): Promise<void> {
    const payload = JSON.stringify(signal)
    if (signal.kind === 'confirmation') return this.#outbox.send(this.#own(signal.to), payload)
    if (signal.kind !== 'heartbeat') return this.#outbox.send(this.#shared, payload)
    const beating = this.#beat(signal, payload)
    this.#beating.add(beating)
    await beating.finally(() => this.#beating.delete(beating))
  }

  subscribe(listener: (signal: Signal) => void): () => void {
    this.#receive = listener
    return () => {
      this.#receive = null
    }
  }

  async register(member: Member): Promise<void> {
    this.#listener ??= this.#listen(member.id)
    await this.#listener.start()
    await this.#options.nodes.add(member)
    this.#self = member
  }

  async unregister(id: string): Promise<void> {
    this.#self = null
    // A heartbeat that is written later would restore the node.
    await Promise.allSettled(this.#beating)
    await this.#options.nodes.remove(id)
    await this.close()
  }

  /**
   * Calls that wait share one read, which begins after all of them. The reads are one after another, so that calls resolve in their
   * order, and messages are numbered in it.
   */
  members(): Promise<readonly Member[]> {
    if (this.#nextMembers === null) {
      const before = this.#members
      const next = before
        .catch(() => {})
        .then(() => {
          this.#nextMembers = null
          return this.#options.nodes.members()
        })
      this.#nextMembers = next
      this.#members = next
    }
    return this.#nextMembers
  }

  async close(): Promise<void> {
    await this.#listener?.close()
  }

  /** The name of the channel that only one node listens to. */
  #own(id: string): string {
    return `${this.#shared}_${id.replaceAll('-', '')}`
  }

  #listen(id: string): Listener {
    const { createClient, deadlineMs, onError } = this.#options
    return createListener({
      createClient,
      deadlineMs,
      onError,
      channels: [this.#shared, this.#own(id)],
      onPayload: (payload) => this.#enqueue(payload),
      onLost: () => this.#receive?.({ kind: 'lost', from: id }),
    })
  }

  async #beat(signal: Extract<Signal, { kind: 'heartbeat' }>, payload: string): Promise<void> {
    const { nodes, monotonic, onBeat, silenceMs, onError } = this.#options
    const self = this.#self
    if (self === null) throw new Error('The node is not registered.')
    const at = monotonic()
    if (this.#unreturnedSince !== null && at - this.#unreturnedSince > silenceMs) {
      this.#unreturnedSince = null
      this.#listener?.restart()
    }
    const written = await nodes.beat(self, signal)
    onBeat?.(written, monotonic() - at)
    this.#written = { ...written, beat: signal.beat }
    await this.#outbox.send(this.#shared, payload)
    this.#unreturnedSince ??= monotonic()
    if (++this.#beats % BEATS_PER_PRUNE === 0) nodes.prune().catch(onError)
  }

  /** Handles payloads in their order: one that is read from a row delays those behind it. */
  #enqueue(payload: string): void {
    const signal = payload.startsWith(ROW_PREFIX) ? null : parse(payload)
    const isOwnBeat = signal?.kind === 'heartbeat' && signal.from === this.#self?.id
    if (signal !== null && !isOwnBeat && this.#queued === 0) {
      this.#receive?.(signal)
      return
    }
    this.#queued++
    this.#handling = this.#handling
      .then(async () => {
        const found = signal ?? (await this.#readRow(payload))
        if (found === null || (isOwnBeat && !(await this.#hasReturned(found)))) return
        this.#receive?.(found)
        if (isOwnBeat) this.#returned.resolve()
      })
      .catch(this.#options.onError)
      .finally(() => {
        this.#queued--
      })
  }

  async #readRow(payload: string): Promise<Signal | null> {
    const id = Number(payload.slice(ROW_PREFIX.length))
    const row = await this.#options.database.read((db) =>
      db.selectFrom('bus_payloads').select('payload').where('id', '=', id).executeTakeFirst(),
    )
    // A row that is gone leaves a gap in the numbers, which the bus takes as a loss.
    return row === undefined ? null : parse(row.payload)
  }

  /** Returns whether the connection for notifications reaches the server that heartbeats are written to. */
  async #hasReturned(signal: Signal): Promise<boolean> {
    const self = this.#self
    const written = this.#written
    if (self === null || written === null || signal.kind !== 'heartbeat') return false
    const nodes = `${quoted(this.#options.database.schema)}.bus_nodes`
    const row = await this.#listener?.query(
      `SELECT beat::float8 AS beat, ${IDENTITY_COLUMNS} FROM ${nodes} WHERE id = $1`,
      [self.id],
    )
    const same =
      row?.['system'] === written.system &&
      row['timeline'] === written.timeline &&
      row['recovering'] === false &&
      Number(row['beat']) >= signal.beat
    if (same) this.#unreturnedSince = null
    else this.#listener?.restart()
    return same
  }
}

function parse(payload: string): Signal | null {
  try {
    return JSON.parse(payload)
  } catch {
    return null
  }
}
