import type { Clock } from '../../core/ports/index.ts'

/**
 * Returns the machine's clock. `now` does not move while the machine's time is set back, so it
 * never runs backwards; `monotonic` continues.
 */
export function systemClock(): Clock {
  let last = 0
  return {
    now() {
      last = Math.max(last, Date.now())
      return last
    },
    monotonic: () => performance.now(),
  }
}
