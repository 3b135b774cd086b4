export interface Clock {
  /** Epoch milliseconds; never runs backwards within a process. */
  now(): number
}
