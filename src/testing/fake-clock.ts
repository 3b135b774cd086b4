import type { Clock } from '../core/ports/index.ts'

/** A clock that stands until it is moved. */
export interface FakeClock extends Clock {
  advance(ms: number): void
  set(ms: number): void
}

/** Makes a clock that stands at `start`, in epoch milliseconds; default 2026-01-01. */
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
