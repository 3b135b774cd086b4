import { LatchkeyError } from '../core/errors.ts'

/** An error of whoever typed the command: exit code 64. */
export function usage(message: string): LatchkeyError {
  return new LatchkeyError('invalid_request', message)
}
