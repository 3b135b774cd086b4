export interface Page<T> {
  readonly items: readonly T[]
  /** An opaque cursor; pass it as `after`. Absent on the last page. */
  readonly next?: string
}
