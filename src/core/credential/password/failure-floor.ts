import { setTimeout as sleep } from 'node:timers/promises'

export interface FailureFloorOptions {
  /** A monotonic clock in milliseconds; `performance.now` by default. */
  readonly monotonicMs?: (() => number) | undefined
  /** Resolves after this many milliseconds, or earlier when `signal` aborts; a timer by default. */
  readonly wait?: ((ms: number, signal: AbortSignal | undefined) => Promise<void>) | undefined
}

/**
 * Makes every failed verification take as long as one against a foreign hash, so that the response
 * time does not reveal whether an actor exists. It uses no processor time: it waits for the rest.
 */
export interface FailureFloor {
  /**
   * Records how long a failed verification against a foreign hash of this work took, per
   * derivation.
   */
  observe(work: string, ms: number): void
  /**
   * Waits until as much time has passed since `began` as the slowest foreign hashes take for
   * `derivations`: no time before the first foreign hash, and at most 3 s since `began`.
   * Resolves early when `signal` aborts.
   */
  hold(
    began: number,
    options: { readonly derivations: number; readonly signal?: AbortSignal | undefined },
  ): Promise<void>
}

const MAX_FLOOR_MS = 3000
const MAX_WORKS = 64
/**
 * The number of durations kept for each work. The longest of them may be a pause of the machine.
 */
const WINDOW = 16
const MARGIN = 1.25

/** Creates a {@link FailureFloor}. */
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

/** Returns the second longest duration, once there are enough of them. */
function usualMaximum(durations: readonly number[]): number {
  const sorted = durations.toSorted((a, b) => b - a)
  return sorted[durations.length < WINDOW ? 0 : 1] ?? 0
}

async function waitFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, { signal })
  } catch {
    // The client has disconnected, so the response time no longer matters.
  }
}
