import { LatchkeyError } from '../core/errors.ts'

/** Makes an error of usage: exit code 64. */
export function usage(message: string): LatchkeyError {
  return new LatchkeyError('invalid_request', message)
}
