/** How long to wait between attempts. */
export interface Backoff {
  /** The next wait, no shorter than what the server asked for. */
  next(atLeastMs?: number): number
  /** It worked: the next wait is a short one again. */
  reset(): void
}

const FIRST_MS = 500

/** The wait doubles to 30 s at most, and each is anywhere below that, so that many clients spread out after a restart. */
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
