import { clearInterval, setInterval } from 'node:timers'
import type { Connections } from '../../connections/index.ts'
import {
  type Authenticated,
  type Authority,
  type CallOptions,
  LatchkeyError,
} from '../../core/index.ts'
import type { SessionCookies } from './credentials.ts'
import type { HttpRequest } from './request.ts'

/** How many streams one session may have. The oldest is closed for one more. */
const MAX_PER_SESSION = 4

/** A comment is sent so often, so that proxies keep the stream open and a dead peer is noticed. */
const KEEP_ALIVE_MS = 25_000

/** Reasons for which a stream closes although its session is still live. */
const NOT_ENDED = new Set(['server_closing', 'send_failed'])

/** Options of `createSessionEvents`. */
export interface SessionEventsOptions {
  readonly connections: Connections
  /** How many streams may be open at once. */
  readonly maxStreams: number
}

/** Event streams that tell a page why its session ended. */
export interface SessionEvents {
  /**
   * Answers with a stream that stays open while the session lives, and closes with the event `ended`
   * and its reason. It takes no events and does not count as a use. Throws `busy` if too many are open.
   */
  open(current: Authenticated): Response
}

interface Stream {
  close(): void
}

/** Makes the event streams of the HTTP door. */
export function createSessionEvents({
  connections,
  maxStreams,
}: SessionEventsOptions): SessionEvents {
  const bySession = new Map<string, Set<Stream>>()
  let size = 0

  const add = (id: string, stream: Stream) => {
    const streams = bySession.get(id) ?? new Set()
    bySession.set(id, streams.add(stream))
    size += 1
    const [oldest] = streams
    if (streams.size > MAX_PER_SESSION) oldest?.close()
  }
  const remove = (id: string, stream: Stream) => {
    const streams = bySession.get(id)
    if (streams?.delete(stream) !== true) return
    size -= 1
    if (streams.size === 0) bySession.delete(id)
  }

  return {
    open(current) {
      if (size >= maxStreams) {
        const retryAfterMs = 60_000
        throw new LatchkeyError('busy', 'Too many event streams are open.', { retryAfterMs })
      }
      const { id } = current.session
      let release = () => {}
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          const send = (text: string) => controller.enqueue(new TextEncoder().encode(text))
          const stream: Stream = {
            close() {
              release()
              controller.close()
            },
          }
          const timer = setInterval(() => {
            // The client has not read the last one.
            if ((controller.desiredSize ?? 0) <= 0) stream.close()
            else send(':\n\n')
          }, KEEP_ALIVE_MS)
          timer.unref()
          const connection = connections.open(current, {
            door: 'http',
            close(reason) {
              const ended = `event: ended\ndata: ${JSON.stringify({ reason })}\n\n`
              if (!NOT_ENDED.has(reason)) send(ended)
              stream.close()
            },
          })
          release = () => {
            clearInterval(timer)
            connection.leave()
            remove(id, stream)
          }
          send('event: open\ndata: {}\n\n')
          add(id, stream)
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

/** Answers `GET /v1/session/events`: a stream for a live session, else a problem. */
export async function answerEvents(
  { authority, cookies }: { readonly authority: Authority; readonly cookies: SessionCookies },
  events: SessionEvents,
  { headers }: Request,
  { caller, record }: { readonly caller: CallOptions; readonly record: HttpRequest },
): Promise<Response> {
  const { from, token } = cookies.read(headers)
  // A page of another origin cannot read the stream, and must not hold one open with the user's cookie.
  const site = headers.get('sec-fetch-site') ?? 'same-origin'
  if (from !== 'bearer' && site !== 'same-origin') {
    throw new LatchkeyError('origin_refused', 'The stream is for pages of this origin.')
  }
  const check = await authority.authenticate(token, { ...caller, passive: true })
  // No cookie is cleared: the page may have logged in again since.
  if (!check.ok) return record.refuse(check)
  record.resolved(check)
  return events.open(check)
}
