import { LatchkeyError } from '../../errors.ts'

export interface WorkQueueOptions {
  /** How many pieces of work run at once. */
  readonly concurrency: number
  /** How many more may wait. */
  readonly queueLimit: number
  /** Called with the duration of each piece of work, in milliseconds. */
  readonly onDone?: ((ms: number) => void) | undefined
  /** A monotonic clock in milliseconds, to measure the work; `performance.now` by default. */
  readonly monotonicMs?: () => number
}

/**
 * Runs work with limited concurrency, first come first served, and refuses work when the queue is
 * full.
 */
export interface WorkQueue {
  /**
   * Runs `work` in its turn and returns its outcome. Rejects with `busy` if the queue is full, with
   * an estimate in `retryAfterMs` (1 s at least). `signal` aborts the wait, which rejects with its
   * reason; work that has started runs to its end.
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

/** Creates a {@link WorkQueue}. */
export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { concurrency, queueLimit, onDone, monotonicMs = () => performance.now() } = options
  const line = createLine()
  let running = 0
  let meanMs: number | null = null

  function takeTurn(signal: AbortSignal | undefined): Promise<void> {
    if (line.length() >= queueLimit) {
      const waitMs = ((meanMs ?? 0) * line.length()) / concurrency
      throw new LatchkeyError('busy', 'Too many passwords are being checked; try again later.', {
        source: 'password_queue',
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
    onDone?.(tookMs)
    meanMs = meanMs === null ? tookMs : meanMs + (tookMs - meanMs) * MEAN_WEIGHT
    const next = line.shift()
    // The place is handed directly to the next in the queue, so that no later call takes it.
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

/**
 * A doubly linked list: adding, and removing from the front or the middle, all take constant time.
 */
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
