import { LatchkeyError } from '../errors.ts'

/** When a client may try again after the store failed. */
const RETRY_AFTER_MS = 1000

/** Returns an `unavailable` for a store that failed, with the time after which a client may try again. */
export function storeError(message: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('unavailable', message, { retryAfterMs: RETRY_AFTER_MS, cause })
}
