import { LatchkeyError } from '../../errors.ts'

export interface WorkQueueOptions {
  /** How many pieces of work run at once. */
  readonly concurrency: number
  /** How many more may wait. */
  readonly queueLimit: number
  /** Milliseconds that only rise, to measure how long work takes; `performance.now` by default. */
  readonly monotonicMs?: () => number
}

/** Runs work a few pieces at a time, first come first served, and turns away what it cannot hold. */
export interface WorkQueue {
  /**
   * Runs `work` when its turn comes and hands its outcome on. With every place taken it rejects with `busy` and an
   * estimate in `retryAfterMs` (1 s at least). `signal` gives up the wait and rejects with its reason; work that has
   * begun runs to its end.
   */
  run<T>(
    work: () => Promise<T>,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<T>
  stats(): WorkQueueStats
}

export interface WorkQueueStats {
  readonly running: number
  readonly waiting: number
}

const MIN_RETRY_AFTER_MS = 1000
/** Weight of the latest duration in the running mean. */
const MEAN_WEIGHT = 0.1

/** Makes a {@link WorkQueue}. */
export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { concurrency, queueLimit, monotonicMs = () => performance.now() } = options
  const line = createLine()
  let running = 0
  let meanMs: number | null = null

  function takeTurn(signal: AbortSignal | undefined): Promise<void> {
    if (line.length() >= queueLimit) {
      const waitMs = ((meanMs ?? 0) * line.length()) / concurrency
      throw new LatchkeyError('busy', 'Too many passwords are being checked; try again later.', {
        retryAfterMs: Math.max(MIN_RETRY_AFTER_MS, Math.ceil(waitMs)),
      })
    }
    return new Promise((resolve, reject) => {
      const waiter = line.push(() => {
        signal?.removeEventListener('abort', giveUp)
        resolve()
      })
      const giveUp = () => {
        line.remove(waiter)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', giveUp, { once: true })
    })
  }

  function finish(tookMs: number): void {
    meanMs = meanMs === null ? tookMs : meanMs + (tookMs - meanMs) * MEAN_WEIGHT
    const next = line.shift()
    // The place goes straight to the next in line, so that no newcomer can slip in between.
    if (next === null) running -= 1
    else next.start()
  }

  return {
    async run(work, { signal } = {}) {
      signal?.throwIfAborted()
      if (running < concurrency) running += 1
      else await takeTurn(signal)
      const began = monotonicMs()
      try {
        return await work()
      } finally {
        finish(monotonicMs() - began)
      }
    },
    stats: () => ({ running, waiting: line.length() }),
  }
}

interface Waiter {
  readonly start: () => void
  previous: Waiter | null
  next: Waiter | null
}

/** A doubly linked list: joining, leaving from the front and leaving from the middle all cost the same. */
function createLine() {
  let first: Waiter | null = null
  let last: Waiter | null = null
  let length = 0

  function remove(waiter: Waiter): void {
    if (waiter.previous === null) first = waiter.next
    else waiter.previous.next = waiter.next
    if (waiter.next === null) last = waiter.previous
    else waiter.next.previous = waiter.previous
    length -= 1
  }

  return {
    push(start: () => void): Waiter {
      const waiter: Waiter = { start, previous: last, next: null }
      if (last === null) first = waiter
      else last.next = waiter
      last = waiter
      length += 1
      return waiter
    },
    shift(): Waiter | null {
      const waiter = first
      if (waiter !== null) remove(waiter)
      return waiter
    },
    remove,
    length: () => length,
  }
}
