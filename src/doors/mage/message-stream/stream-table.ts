import type { Connections } from '../../../connections/index.ts'
import type { ActorEvent, Authenticated } from '../../../core/index.ts'
import type { PackText } from './pack-store.ts'
import { SessionStream, type SessionStreamParts } from './session-stream.ts'

/** How long streams are written to in one turn of the event loop, so that a broadcast lets commands through. */
const TURN_MS = 1

interface StreamTableOptions extends Omit<SessionStreamParts, 'schedule'> {
  readonly connections: Pick<Connections, 'open'>
  readonly sweepEveryMs: number
}

/** The streams of all sessions that have one here, with one timer for their heartbeats, pings and ends. */
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

  /** The stream of a session, which is opened with the first request for it. */
  of(current: Authenticated): SessionStream {
    const { id } = current.session
    const known = this.#streams.get(id)
    if (known !== undefined) {
      known.saw(current)
      known.use()
      return known
    }
    const stream = new SessionStream(this.#parts)
    stream.saw(current)
    this.#streams.set(id, stream)
    stream.connection = this.#options.connections.open(current, {
      door: 'mage',
      send: (event) => this.#send(stream, event),
      close: (reason) => {
        this.#forget(id, stream)
        stream.over(reason)
      },
    })
    return stream
  }

  /** Ends every transport and lets go of every session. */
  close(): void {
    clearInterval(this.#timer)
    for (const [id, stream] of [...this.#streams]) {
      this.#forget(id, stream)
      stream.connection?.leave()
      stream.over('server_closing')
    }
  }

  #send(stream: SessionStream, event: ActorEvent): void {
    try {
      stream.put(this.#packOf(event))
    } catch (error) {
      // What cannot be written as JSON is no fault of the client's.
      this.#options.onError(error)
    }
  }

  // A broadcast is written once, not once for each stream.
  #packOf(event: ActorEvent): PackText {
    if (this.#last?.event === event) return this.#last.pack
    const { name, data } = event
    const text = JSON.stringify([data === undefined ? [name] : [name, data]])
    const pack = { text, bytes: Buffer.byteLength(text) }
    this.#last = { event, pack }
    queueMicrotask(() => {
      this.#last = null
    })
    return pack
  }

  #forget(id: string, stream: SessionStream): void {
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
      this.#forget(id, stream)
      stream.connection?.leave()
    }
  }

  // What fails for one stream is nothing to the others.
  #guard(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#options.onError(error)
    }
  }
}
