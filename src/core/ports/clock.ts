/** The time source of a store and its authority. */
export interface Clock {
  /** Returns epoch milliseconds; never runs backwards within a process. */
  now(): number
  /**
   * Returns the milliseconds of a monotonic clock with an arbitrary start, for leases, deadlines
   * and waits.
   */
  monotonic(): number
}
