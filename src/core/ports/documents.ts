export interface Document {
  readonly value: string
  /** Begins at 1 and rises with each save. */
  readonly version: number
  readonly expiresAt: number | null
}

export interface Documents {
  find(key: string, now: number): Promise<Document | null>
  /**
   * Writes if the version is `expectedVersion` (0: there is none, or it has expired at `now`; absent: whatever is there). Returns the new
   * version, or null with nothing written.
   */
  save(
    key: string,
    value: string,
    options: {
      readonly now: number
      readonly expectedVersion?: number
      readonly expiresAt?: number | null
    },
  ): Promise<number | null>
  /** Removes, only at that version where one is given; whether there was one unexpired. Exactly one of many callers is told true. */
  remove(
    key: string,
    options: { readonly now: number; readonly expectedVersion?: number },
  ): Promise<boolean>
  prune(query: { readonly now: number; readonly limit: number }): Promise<number>
}
