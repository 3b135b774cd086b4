/** One page of a listing. */
export interface Page<T> {
  /** The items of this page, in the order of the listing. */
  readonly items: readonly T[]
  /** An opaque cursor; pass it as `after`. Absent on the last page. */
  readonly next?: string
}
