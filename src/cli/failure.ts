import {
  ErrorClientJWTTokenNotProvided,
  ErrorLatchkey,
  ErrorSessionTokenInvalid,
} from '../client/errors.ts'
import { ERROR_TABLE, type ErrorCode, LatchkeyError } from '../core/errors.ts'
import { WRONG_CONFIGURATION } from '../server/configuration-error.ts'
import { plainText } from './plain-text.ts'

/** How the command line ends for what was thrown: one line for standard error, empty for none, and the exit code. */
export interface Failure {
  readonly line: string
  readonly exit: number
}

const EXIT_CONFIGURATION = 78
const EXIT_SOFTWARE = 70
const EXIT_INTERRUPTED = 130

const LOG_IN = 'Do: export LATCHKEY_TOKEN=$(latchkey login)'
const UNLOCK = 'Do: latchkey agent unlock'
/** It goes before the session file, which whatever one would do else ends up in. */
const UNSET = 'Do: unset LATCHKEY_TOKEN'
const HINTS: { readonly [C in ErrorCode]?: string } = {
  token_missing: LOG_IN,
  token_invalid: LOG_IN,
  session_expired: LOG_IN,
  session_revoked: LOG_IN,
  step_up_required: LOG_IN,
}

/** The failure that an error stands for. The exit codes are those of the error table, and 78 for a wrong configuration. */
export function failureOf(error: unknown): Failure {
  if (error instanceof LatchkeyError) {
    if (error.details.reason === WRONG_CONFIGURATION) {
      return { line: oneLine(error.message), exit: EXIT_CONFIGURATION }
    }
    const hint = isOfAgent(error) ? hintOfAgent() : HINTS[error.code]
    const words = [oneLine(error.message), `(${[error.code, ...systemCode(error)].join(', ')})`]
    if (hint !== undefined) words.push(hint)
    const exit = error instanceof ErrorLatchkey ? error.exitCode : ERROR_TABLE[error.code].exit
    return { line: words.join(' '), exit }
  }
  const { name, message } = error as { name?: unknown; message?: unknown }
  // What a prompt throws at Ctrl-C.
  if (name === 'ExitPromptError') return { line: '', exit: EXIT_INTERRUPTED }
  return {
    line: `Something went wrong: ${oneLine(String(message ?? error))} (internal)`,
    exit: EXIT_SOFTWARE,
  }
}

function isOfAgent(error: LatchkeyError): boolean {
  return (
    error instanceof ErrorClientJWTTokenNotProvided || error instanceof ErrorSessionTokenInvalid
  )
}

function hintOfAgent(): string {
  return process.env['LATCHKEY_TOKEN']?.trim() ? UNSET : UNLOCK
}

// What the system said, where it says more than we do: EACCES, ENOSPC.
function systemCode({ cause }: LatchkeyError): string[] {
  const { code } = (cause ?? {}) as { code?: unknown }
  return typeof code === 'string' && /^E[A-Z]+$/.test(code) ? [code] : []
}

function oneLine(text: string): string {
  return plainText(text.trim().replace(/\s*\n\s*/g, ' '))
}
