/** The limits of a request, of a command and of the response cache. */
export interface MageLimits {
  /** Bytes of a request's body: 1,048,576 by default. */
  readonly bodyBytes: number
  /** Commands in a batch: 50 by default. */
  readonly commands: number
  /** Entries of a batch's header: 16 by default. */
  readonly headerEntries: number
  /** The time limit of a command that has none of its own, in milliseconds: 15,000 by default; 0 for none. */
  readonly commandMs: number
  /** Sessions whose last response is cached for a retry: 10,000 by default. */
  readonly cachedSessions: number
  /** Characters of all cached responses: 67,108,864 by default. */
  readonly cachedChars: number
}

/** The limits that apply where the options and the configuration set none. */
export const DEFAULT_LIMITS: MageLimits = {
  bodyBytes: 1_048_576,
  commands: 50,
  headerEntries: 16,
  commandMs: 15_000,
  cachedSessions: 10_000,
  cachedChars: 67_108_864,
}
