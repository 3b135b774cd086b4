/** How long to wait between attempts. */
export interface Backoff {
  /** Returns the next wait, not shorter than the server asked for. */
  next(atLeastMs?: number): number
  /** Reports a success: the next wait is short again. */
  reset(): void
}

const FIRST_MS = 500

/** Makes waits that double up to 30 s. Each is random below that, so that many clients spread out after a restart. */
export function createBackoff(capMs = 30_000, random: () => number = Math.random): Backoff {
  let ceiling = FIRST_MS
  return {
    next(atLeastMs = 0) {
      const wait = random() * Math.min(ceiling, capMs)
      ceiling = Math.min(ceiling * 2, capMs)
      return atLeastMs + wait
    },
    reset() {
      ceiling = FIRST_MS
    },
  }
}
