import { LatchkeyError } from '../core/errors.ts'

/** The `details.reason` of an error that says the configuration is wrong: exit code 78. */
export const WRONG_CONFIGURATION = 'wrong_configuration'

/** An `invalid_request` that says which part of the configuration is wrong, in one line. */
export function configurationError(message: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('invalid_request', message.replace(/\s*\n\s*/g, ' '), {
    reason: WRONG_CONFIGURATION,
    ...(cause === undefined ? {} : { cause }),
  })
}
