import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Timers } from '../stores/kit/timers.ts'
import type { FakeClock } from './fake-clock.ts'

/** Timers that run only when the test moves their clock. */
export interface FakeTimers extends Timers {
  /**
   * Moves the clock, runs each timer at its time, and waits for `settle` after each: by default for
   * ten turns of the event loop.
   */
  advance(ms: number): Promise<void>
}

interface Timer {
  at: number
  readonly everyMs: number | null
  readonly run: () => void
}

/** Returns timers on the monotonic time of a clock. */
export function fakeTimers(
  clock: FakeClock,
  settle: () => Promise<void> = settleTurns,
): FakeTimers {
  const timers = new Set<Timer>()
  const add = (ms: number, everyMs: number | null, run: () => void) => {
    const timer = { at: clock.monotonic() + ms, everyMs, run }
    timers.add(timer)
    return () => {
      timers.delete(timer)
    }
  }
  const nextBefore = (end: number) =>
    [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
  return {
    after: (ms, run) => add(ms, null, run),
    every: (ms, run) => add(ms, ms, run),
    async advance(ms) {
      const end = clock.monotonic() + ms
      await settle()
      for (let timer = nextBefore(end); timer !== undefined; timer = nextBefore(end)) {
        clock.advance(Math.max(0, timer.at - clock.monotonic()))
        if (timer.everyMs === null) timers.delete(timer)
        else timer.at += timer.everyMs
        timer.run()
        await settle()
      }
      clock.advance(Math.max(0, end - clock.monotonic()))
      await settle()
    },
  }
}

async function settleTurns(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await nextTurn()
}
