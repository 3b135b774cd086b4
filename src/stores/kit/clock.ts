import type { Clock } from '../../core/ports/index.ts'

/** The machine's clock. `now` stands still while the machine's time is set back, so it never runs backwards; `monotonic` runs on. */
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
