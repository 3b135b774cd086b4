export interface Clock {
  /** Epoch milliseconds; never runs backwards within a process. */
  now(): number
  /** Milliseconds of a clock that no one sets, from an arbitrary start: for leases, deadlines and waits. */
  monotonic(): number
}
