import { clearInterval, setImmediate, setInterval } from 'node:timers'
import type { Connections } from '../../../connections/index.ts'
import type { ActorEvent, Authenticated } from '../../../core/index.ts'
import type { PackText } from './pack-store.ts'
import { SessionStream, type SessionStreamParts } from './session-stream.ts'

/** How long one turn of the event loop may write to streams, so that a broadcast does not delay commands. */
const TURN_MS = 1

interface StreamTableOptions extends Omit<SessionStreamParts, 'schedule'> {
  readonly connections: Pick<Connections, 'open'>
  readonly sweepEveryMs: number
}

/** The streams of this process by session, with one timer for all heartbeats, pings and removals. */
export class StreamTable {
  readonly #options: StreamTableOptions
  readonly #parts: SessionStreamParts
  readonly #streams = new Map<string, SessionStream>()
  readonly #toFlush = new Set<SessionStream>()
  readonly #timer: NodeJS.Timeout
  #flushing: NodeJS.Immediate | null = null
  #last: { readonly event: ActorEvent; readonly pack: PackText } | null = null

  constructor(options: StreamTableOptions) {
    this.#options = options
    const { limits, now, onError } = options
    this.#parts = { limits, now, onError, schedule: (stream) => this.#schedule(stream) }
    this.#timer = setInterval(() => this.#sweep(), options.sweepEveryMs)
    this.#timer.unref()
  }

  get size(): number {
    return this.#streams.size
  }

  /** Returns the stream of a session, and opens it if there is none. */
  open(current: Authenticated): SessionStream {
    const { id } = current.session
    const existing = this.#streams.get(id)
    if (existing !== undefined) {
      existing.use()
      return existing
    }
    const stream = new SessionStream(this.#parts)
    this.#streams.set(id, stream)
    stream.connection = this.#options.connections.open(current, {
      door: 'mage',
      send: (event) => this.#send(stream, event),
      close: (reason) => {
        this.#remove(id, stream)
        stream.end(reason)
      },
      unconfirmed: () => stream.unconfirmed,
    })
    return stream
  }

  /** Closes every transport and removes every stream. */
  close(): void {
    clearInterval(this.#timer)
    for (const [id, stream] of [...this.#streams]) {
      this.#remove(id, stream)
      stream.end('server_closing')
      stream.connection?.leave()
    }
  }

  #send(stream: SessionStream, event: ActorEvent): void {
    try {
      stream.put(this.#packOf(event))
    } catch (error) {
      // An event that is not JSON must not close the connection of the client.
      this.#options.onError(error)
    }
  }

  // A broadcast is serialised once, not once for each stream.
  #packOf(event: ActorEvent): PackText {
    if (this.#last?.event === event) return this.#last.pack
    const { name, data } = event
    const text = JSON.stringify([data === undefined ? [name] : [name, data]])
    const pack = { event, text, bytes: Buffer.byteLength(text) }
    this.#last = { event, pack }
    queueMicrotask(() => {
      this.#last = null
    })
    return pack
  }

  #remove(id: string, stream: SessionStream): void {
    if (this.#streams.get(id) === stream) this.#streams.delete(id)
    this.#toFlush.delete(stream)
  }

  #schedule(stream: SessionStream): void {
    this.#toFlush.add(stream)
    this.#flushing ??= setImmediate(() => this.#flush())
  }

  #flush(): void {
    this.#flushing = null
    const until = performance.now() + TURN_MS
    for (const stream of this.#toFlush) {
      this.#toFlush.delete(stream)
      this.#guard(() => stream.flush())
      if (performance.now() > until) break
    }
    if (this.#toFlush.size > 0) this.#flushing = setImmediate(() => this.#flush())
  }

  #sweep(): void {
    const now = performance.now()
    for (const [id, stream] of this.#streams) {
      this.#guard(() => stream.tick(now))
      if (!stream.isAbandoned) continue
      this.#remove(id, stream)
      stream.connection?.leave()
    }
  }

  // An error of one stream must not affect the others.
  #guard(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#options.onError(error)
    }
  }
}
