/** A stored text with its version. */
export interface Document {
  /** The text, usually JSON. */
  readonly value: string
  /** Starts at 1 and rises with each save. */
  readonly version: number
  /** When the document expires, in epoch milliseconds; null for never. */
  readonly expiresAt: number | null
}

/**
 * Small texts by key, changed by compare-and-set: settings, signing keys, pending logins, device
 * codes.
 */
export interface Documents {
  /** Returns the document of a key; null if there is none or it has expired at `now`. */
  find(key: string, now: number): Promise<Document | null>
  /**
   * Writes if the version is `expectedVersion` (0: there is none, or it has expired at `now`;
   * absent: any). Returns the new version, or null with nothing written.
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
  /**
   * Removes a document, only at the given version if there is one. Returns whether an unexpired one
   * was removed: true for exactly one of many callers.
   */
  remove(
    key: string,
    options: { readonly now: number; readonly expectedVersion?: number },
  ): Promise<boolean>
  /** Removes at most `limit` documents that have expired at `now`, and returns how many. */
  prune(query: { readonly now: number; readonly limit: number }): Promise<number>
}
