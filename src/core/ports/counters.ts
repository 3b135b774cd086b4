/**
 * How a counter limits attempts: at most `limit` in a window of time, or with a wait that doubles
 * after each attempt.
 */
export type CounterRule =
  | { readonly kind: 'window'; readonly limit: number; readonly windowMs: number }
  | {
      readonly kind: 'backoff'
      /** Attempts before the first wait. */
      readonly free: number
      readonly baseMs: number
      readonly maxMs: number
      /** From this many attempts on, all are refused until `remove`. */
      readonly hardLimit: number | null
      /** The count is reset after this long without an attempt. */
      readonly forgetMs: number
    }

/** The stored state of one counter. */
export interface CounterState {
  /** The number of attempts that count now. */
  readonly count: number
  /** Start of the window, or time of the last attempt. */
  readonly at: number
  /** When the state no longer limits anything and can be removed. */
  readonly expiresAt: number
}

/** The outcome of a reservation: the attempt was counted, or how long to wait before the next. */
export type Reservation =
  | { readonly ok: true; readonly count: number }
  | { readonly ok: false; readonly retryAfterMs: number }

/** Counters of attempts, by key: the throttle of logins and registrations. */
export interface Counters {
  /**
   * Counts an attempt against every key, in one write, unless the rule of one refuses it; then none
   * is counted and the longest wait is returned. Concurrent attempts are serialised.
   */
  reserve(
    wanted: readonly { readonly key: string; readonly rule: CounterRule }[],
    now: number,
  ): Promise<Reservation>
  /** Subtracts one attempt from each key. */
  refund(keys: readonly string[], now: number): Promise<void>
  /** Removes keys. */
  remove(keys: readonly string[]): Promise<void>
  /** Removes at most `limit` counters that have expired at `now`, and returns how many. */
  prune(query: { readonly now: number; readonly limit: number }): Promise<number>
}
