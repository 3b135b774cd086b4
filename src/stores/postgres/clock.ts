import type { Clock } from '../../core/ports/index.ts'
import { systemClock } from '../kit/clock.ts'

/** A clock that follows the time of the server. */
export interface EngineClock extends Clock {
  /** Sets the time: `time` is that of the server, read within the last `tookMs`. */
  observe(time: number, tookMs: number): void
}

/** A measurement that took longer than this is not used. */
const MAX_MEASUREMENT_MS = 1000

/**
 * Returns a clock that all nodes of a database share: the time of the server at the last measurement, and what has passed since by the
 * monotonic clock. It never runs backwards. Before the first measurement it is the machine's clock.
 */
export function engineClock(machine: Clock = systemClock()): EngineClock {
  let offset: number | null = null
  let last = 0
  return {
    now() {
      const now = offset === null ? machine.now() : Math.floor(machine.monotonic() + offset)
      last = Math.max(last, now)
      return last
    },
    monotonic: () => machine.monotonic(),
    observe(time, tookMs) {
      if (tookMs > MAX_MEASUREMENT_MS && offset !== null) return
      offset = time + tookMs / 2 - machine.monotonic()
    },
  }
}
