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

export interface CounterState {
  readonly count: number
  /** Start of the window, or time of the last attempt. */
  readonly at: number
  readonly expiresAt: number
}

export type Reservation =
  | { readonly ok: true; readonly count: number }
  | { readonly ok: false; readonly retryAfterMs: number }

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
  prune(query: { readonly now: number; readonly limit: number }): Promise<number>
}
