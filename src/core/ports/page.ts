export interface Page<T> {
  readonly items: readonly T[]
  /** Opaque; hand it back as `after`. Absent on the last page. */
  readonly next?: string
}
