import { LatchkeyError } from '../core/errors.ts'

/** The `details.reason` of an error in the configuration. The command line exits with 78. */
export const WRONG_CONFIGURATION = 'wrong_configuration'

/** Makes an `invalid_request` for a wrong configuration. The message is one line. */
export function configurationError(message: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('invalid_request', message.replace(/\s*\n\s*/g, ' '), {
    reason: WRONG_CONFIGURATION,
    ...(cause === undefined ? {} : { cause }),
  })
}
