import { setTimeout as sleep } from 'node:timers/promises'

export interface FailureFloorOptions {
  /** Milliseconds that only rise; `performance.now` by default. */
  readonly monotonicMs?: (() => number) | undefined
  /** Resolves after so many milliseconds, or early when `signal` aborts; a timer by default. */
  readonly wait?: ((ms: number, signal: AbortSignal | undefined) => Promise<void>) | undefined
}

/**
 * Makes every failed verification last as long as one against a foreign hash, so that the time of an answer does not tell
 * whether an actor exists. It costs no processor time: the rest is waited for.
 */
export interface FailureFloor {
  /**
   * Records how long a failed verification against a foreign hash of this work took, for each time that the hash was
   * derived.
   */
  observe(work: string, ms: number): void
  /**
   * Waits until so many milliseconds have passed since `began` as the slowest foreign hashes take for `derivations`: not at
   * all where none was seen, and never more than 3 s since `began`. Resolves early when `signal` aborts.
   */
  hold(
    began: number,
    options: { readonly derivations: number; readonly signal?: AbortSignal | undefined },
  ): Promise<void>
}

const MAX_FLOOR_MS = 3000
const MAX_WORKS = 64
/** Durations kept for each work, of which the longest may be a pause of the machine. */
const WINDOW = 16
const MARGIN = 1.25

/** Makes a {@link FailureFloor}. */
export function createFailureFloor({
  monotonicMs = () => performance.now(),
  wait = waitFor,
}: FailureFloorOptions = {}): FailureFloor {
  const latest = new Map<string, readonly number[]>()
  let floorMs = 0

  return {
    observe(work, ms) {
      if (latest.size === MAX_WORKS && !latest.has(work)) return
      latest.set(work, [...(latest.get(work) ?? []).slice(1 - WINDOW), ms])
      floorMs = MARGIN * Math.max(...[...latest.values()].map(usualMaximum))
    },
    async hold(began, { derivations, signal }) {
      const restMs = began + Math.min(floorMs * derivations, MAX_FLOOR_MS) - monotonicMs()
      if (restMs > 0) await wait(restMs, signal)
    },
  }
}

/** The second longest, once there are enough to tell. */
function usualMaximum(durations: readonly number[]): number {
  const sorted = durations.toSorted((a, b) => b - a)
  return sorted[durations.length < WINDOW ? 0 : 1] ?? 0
}

async function waitFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, { signal })
  } catch {
    // The client has gone: its answer may come at any time.
  }
}
