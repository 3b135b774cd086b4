import { clearInterval, setInterval } from 'node:timers'
import { type Authenticated, type Authority, LatchkeyError } from '../core/index.ts'
import type { Connections } from './connections.ts'

/** How many streams one session may have. The oldest is closed for one more. */
const MAX_PER_SESSION = 4

/** A comment is sent so often, so that proxies keep the stream open and a dead peer is noticed. */
const KEEP_ALIVE_MS = 25_000

/** How many events may wait for a client that does not read. */
const MAX_WAITING = 100

/** Reasons for which a stream closes although its session is still live. */
const NOT_ENDED = new Set(['server_closing', 'send_failed'])

/** Options of `createSessionEvents`. */
export interface SessionEventsOptions {
  /** Reports the sessions that end. */
  readonly authority: Authority
  /** Closes the streams of sessions that end. */
  readonly connections: Connections
  /** How many streams may be open at once: 10,000 by default. */
  readonly maxStreams?: number
}

/** Event streams that tell open pages why their session ended. */
export interface SessionEvents {
  /**
   * Answers with a stream that stays open while the session lives, and closes with the event `ended`
   * and its reason. The event `sessions` has the ids of other sessions of the owner that ended. The
   * stream does not count as a use. Throws `busy` if too many are open.
   */
  open(current: Authenticated): Response
}

interface Stream {
  readonly session: string
  readonly owner: string
  send(event: string, data: object): void
  close(): void
}

/** Makes the event streams of a door or of pages. */
export function createSessionEvents(options: SessionEventsOptions): SessionEvents {
  const { authority, connections, maxStreams = 10_000 } = options
  const bySession = new Groups()
  const byOwner = new Groups()

  authority.onChange((change) => {
    if (change.kind !== 'sessions-ended') return
    for (const owner of new Set(change.ended.map((ended) => ended.owner))) {
      for (const stream of byOwner.get(owner)) {
        const others = change.ended.filter((other) => other.owner === owner)
        const ids = others.map(({ id }) => id).filter((id) => id !== stream.session)
        if (ids.length > 0) stream.send('sessions', { ended: ids })
      }
    }
  })

  return {
    open(current) {
      if (byOwner.size >= maxStreams) {
        const retryAfterMs = 60_000
        throw new LatchkeyError('busy', 'Too many event streams are open.', { retryAfterMs })
      }
      const { id: session, owner } = current.session
      let release = () => {}
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          const waiting = () => 1 - (controller.desiredSize ?? 1)
          const write = (text: string) => controller.enqueue(new TextEncoder().encode(text))
          const stream: Stream = {
            session,
            owner,
            send(event, data) {
              if (waiting() >= MAX_WAITING) stream.close()
              else write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
            },
            close() {
              release()
              controller.close()
            },
          }
          const timer = setInterval(() => {
            // The client has not read the last one.
            if (waiting() > 0) stream.close()
            else write(':\n\n')
          }, KEEP_ALIVE_MS)
          timer.unref()
          const connection = connections.open(current, {
            door: 'http',
            close(reason) {
              if (!NOT_ENDED.has(reason)) stream.send('ended', { reason })
              stream.close()
            },
          })
          release = () => {
            clearInterval(timer)
            connection.leave()
            bySession.remove(session, stream)
            byOwner.remove(owner, stream)
          }
          stream.send('open', {})
          bySession.add(session, stream)
          byOwner.add(owner, stream)
          const [oldest] = bySession.get(session)
          if (bySession.get(session).size > MAX_PER_SESSION) oldest?.close()
        },
        cancel: () => release(),
      })
      return new Response(body, {
        headers: {
          'content-type': 'text/event-stream',
          'cache-control': 'no-store',
          // nginx would hold the events back.
          'x-accel-buffering': 'no',
          'x-content-type-options': 'nosniff',
        },
      })
    },
  }
}

/** Streams by a key, in the order in which they were opened. */
class Groups {
  readonly #groups = new Map<string, Set<Stream>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: string): ReadonlySet<Stream> {
    return this.#groups.get(key) ?? new Set()
  }

  add(key: string, stream: Stream): void {
    const group = this.#groups.get(key) ?? new Set()
    this.#groups.set(key, group.add(stream))
    this.#size += 1
  }

  remove(key: string, stream: Stream): void {
    const group = this.#groups.get(key)
    if (group?.delete(stream) !== true) return
    this.#size -= 1
    if (group.size === 0) this.#groups.delete(key)
  }
}
