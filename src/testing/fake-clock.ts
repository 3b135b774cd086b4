import type { Clock } from '../core/ports/index.ts'

/** A clock that moves only when the test moves it. */
export interface FakeClock extends Clock {
  /** Moves the clock forward. */
  advance(ms: number): void
  /** Sets the clock, in epoch milliseconds. It may move backwards. */
  set(ms: number): void
}

/** Returns a clock at `start`, in epoch milliseconds; 2026-01-01 by default. */
export function fakeClock(start: number = Date.UTC(2026, 0, 1)): FakeClock {
  let time = start
  return {
    now: () => time,
    monotonic: () => time - start,
    advance(ms) {
      time += ms
    },
    set(ms) {
      time = ms
    },
  }
}
