export type CounterRule =
  | { readonly kind: 'window'; readonly limit: number; readonly windowMs: number }
  | {
      readonly kind: 'backoff'
      /** Attempts before the first wait. */
      readonly free: number
      readonly baseMs: number
      readonly maxMs: number
      /** From this many attempts on, none is let through until `remove`. */
      readonly hardLimit: number | null
      /** Without an attempt for so long, the count begins anew. */
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
   * Counts an attempt against every key, in one write, unless the rule of one refuses it; then none is counted and
   * the longest wait is returned. Concurrent attempts are settled one after another.
   */
  reserve(
    wanted: readonly { readonly key: string; readonly rule: CounterRule }[],
    now: number,
  ): Promise<Reservation>
  /** Takes one attempt back from each key. */
  refund(keys: readonly string[], now: number): Promise<void>
  /** Forgets keys. */
  remove(keys: readonly string[]): Promise<void>
  prune(query: { readonly now: number; readonly limit: number }): Promise<number>
}
