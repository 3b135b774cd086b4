import type { Command } from 'commander'
import { LatchkeyError } from '../core/errors.ts'
import { canPrompt } from './password.ts'
import { usage } from './usage.ts'

/** Adds `--yes`, for commands that call `confirm`. */
export function addYesOption(command: Command): Command {
  return command.option('--yes', 'do not ask for confirmation; required without a terminal')
}

/**
 * Asks on a terminal whether to continue, unless `--yes` is given. Throws a usage error if there is neither a terminal nor `--yes`, and
 * `access_denied` if the answer is no.
 */
export async function confirm(command: Command, question: string): Promise<void> {
  if (command.opts<{ yes?: boolean }>().yes === true) return
  if (!canPrompt()) throw usage(`--yes is missing. ${question}`)
  const { confirm: ask } = await import('@inquirer/prompts')
  if (await ask({ message: question, default: false }, { output: process.stderr })) return
  throw new LatchkeyError('access_denied', 'Nothing was changed.')
}
