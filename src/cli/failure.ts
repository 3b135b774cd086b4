import {
  ErrorClientJWTTokenNotProvided,
  ErrorLatchkey,
  ErrorSessionTokenInvalid,
} from '../client/errors.ts'
import { ERROR_TABLE, type ErrorCode, LatchkeyError } from '../core/errors.ts'
import { WRONG_CONFIGURATION } from '../server/configuration-error.ts'
import { plainText } from './plain-text.ts'

/** How the command line ends after an error: one line for standard error (empty for none) and the exit code. */
export interface Failure {
  readonly line: string
  readonly exit: number
}

const EXIT_CONFIGURATION = 78
const EXIT_SOFTWARE = 70
const EXIT_INTERRUPTED = 130

const LOG_IN = 'Run: export LATCHKEY_TOKEN=$(latchkey login)'
const UNLOCK = 'Run: latchkey agent unlock'
/** The variable takes precedence over the session file, so a new login alone would not help. */
const UNSET = 'Run: unset LATCHKEY_TOKEN'
const HINTS: { readonly [C in ErrorCode]?: string } = {
  token_missing: LOG_IN,
  token_invalid: LOG_IN,
  session_expired: LOG_IN,
  session_revoked: LOG_IN,
  step_up_required: LOG_IN,
}

/** Returns the line and the exit code for an error: that of the error table, or 78 for a wrong configuration. */
export function failureOf(error: unknown): Failure {
  if (error instanceof LatchkeyError) {
    if (error.details.reason === WRONG_CONFIGURATION) {
      return { line: oneLine(error.message), exit: EXIT_CONFIGURATION }
    }
    const hint = isAgentError(error) ? agentHint() : HINTS[error.code]
    const words = [oneLine(error.message), `(${[error.code, ...systemCode(error)].join(', ')})`]
    if (hint !== undefined) words.push(hint)
    const exit = error instanceof ErrorLatchkey ? error.exitCode : ERROR_TABLE[error.code].exit
    return { line: words.join(' '), exit }
  }
  const { name, message } = error as { name?: unknown; message?: unknown }
  // A prompt throws this at Ctrl-C.
  if (name === 'ExitPromptError') return { line: '', exit: EXIT_INTERRUPTED }
  return {
    line: `Unexpected error: ${oneLine(String(message ?? error))} (internal)`,
    exit: EXIT_SOFTWARE,
  }
}

function isAgentError(error: LatchkeyError): boolean {
  return (
    error instanceof ErrorClientJWTTokenNotProvided || error instanceof ErrorSessionTokenInvalid
  )
}

function agentHint(): string {
  return process.env['LATCHKEY_TOKEN']?.trim() ? UNSET : UNLOCK
}

// The system's own code says more than our message: EACCES, ENOSPC.
function systemCode({ cause }: LatchkeyError): string[] {
  const { code } = (cause ?? {}) as { code?: unknown }
  return typeof code === 'string' && /^E[A-Z]+$/.test(code) ? [code] : []
}

function oneLine(text: string): string {
  return plainText(text.trim().replace(/\s*\n\s*/g, ' '))
}
