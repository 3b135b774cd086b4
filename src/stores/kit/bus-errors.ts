import { LatchkeyError } from '../../core/errors.ts'

/** Returns the error of a read that the engine does not confirm. */
export function unconfirmed(cause?: unknown): LatchkeyError {
  return new LatchkeyError(
    'unavailable',
    'The store does not confirm that what it returned is current. Try again.',
    { source: 'bus', retryAfterMs: 1000, cause },
  )
}

/** Returns the error of a message that the engine did not accept. */
export function unsent(cause?: unknown): LatchkeyError {
  return new LatchkeyError(
    'unavailable',
    'The change is written, but could not be published to the other nodes. Try again.',
    { source: 'bus', cause },
  )
}
