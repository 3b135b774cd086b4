import { errorOf, type Transport, withLock } from './transport.ts'

/** How long to wait before the stream is opened again, for the first time. */
export const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000

/** The session of a watch. */
export interface WatchedSession {
  /** Resolves when there is a session to watch. */
  live(): Promise<void>
  /** The server has reported that the session ended. */
  ended(reason: string): Promise<unknown>
}

/**
 * Keeps the event stream of the session open until `signal` aborts. One tab of the browser holds it;
 * when this tab closes, another takes over.
 */
export function watchSession(
  transport: Transport,
  watched: WatchedSession,
  signal: AbortSignal,
): void {
  const hold = async () => {
    let pause = FIRST_PAUSE_MS
    while (!signal.aborted) {
      await watched.live()
      const reason = await readEnd(transport, signal, () => {
        pause = FIRST_PAUSE_MS
      }).catch(() => null)
      if (reason !== null) await watched.ended(reason).catch(() => {})
      await sleep(pause * (0.5 + Math.random()), signal)
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
    }
  }
  withLock(`latchkey ${transport.base} events`, hold, signal).catch(() => {})
}

/** Waits, at most until `signal` aborts. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
    signal.addEventListener('abort', () => resolve())
  })
}

/** Returns why the session ended; null if the stream closed for another reason. */
async function readEnd(
  { base, send }: Transport,
  signal: AbortSignal,
  opened: () => void,
): Promise<string | null> {
  const response = await send(`${base}/v1/session/events`, { signal })
  if (response.status === 401) {
    const { reason, code } = await errorOf(response)
    return reason ?? code
  }
  if (!response.ok || !response.body) return null
  opened()
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return null
    text = (text + value).slice(-1000)
    const data = /^event: ended\ndata: (.*)\n\n/m.exec(text)?.[1]
    if (data) return JSON.parse(data).reason
  }
}
