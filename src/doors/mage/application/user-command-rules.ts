import type { CommandRules } from '../../../commands/index.ts'
import { refuse } from '../../../core/errors.ts'
import { mapParameters } from './parameters.ts'
import type { UserCommand } from './user-command.ts'

/** The longest delay of a timer, for commands without a time limit. */
const NO_LIMIT_MS = 2 ** 31 - 1

const WRONG_PARAMETERS = refuse('invalid_request', 'The parameters do not match the command.')

/** Returns what the pipeline checks before a user command runs. Validation turns the parameters into the list of arguments. */
export function rulesOf(command: UserCommand, timeoutMs: number): Required<CommandRules> {
  return {
    name: command.name,
    access: accessOf(command.acl),
    session: 'optional',
    timeoutMs: (command.timeoutMs ?? timeoutMs) || NO_LIMIT_MS,
    validate(given) {
      const params = mapParameters(command.params, given)
      return params === null ? WRONG_PARAMETERS : { ok: true, params }
    },
  }
}

function accessOf(acl: unknown): readonly string[] {
  return Array.isArray(acl) ? acl.filter((tag): tag is string => typeof tag === 'string') : []
}
