import { clearInterval, clearTimeout, setInterval, setTimeout } from 'node:timers'

/** The timers of a lease bus, so that tests can pass their own. */
export interface Timers {
  /** Calls `run` once, never before `ms` have passed. Returns a function that cancels the call. */
  after(ms: number, run: () => void): () => void
  /**
   * Calls `run` every `ms`, and does not keep the process alive. Returns a function that stops it.
   */
  every(ms: number, run: () => void): () => void
}

/** Returns the timers of Node.js. */
export function systemTimers(): Timers {
  return {
    after(ms, run) {
      // Node.js may call up to a millisecond early by `performance.now()`.
      const timer = setTimeout(run, ms + 1)
      return () => clearTimeout(timer)
    },
    every(ms, run) {
      const timer = setInterval(run, ms).unref()
      return () => clearInterval(timer)
    },
  }
}
