import type { CommandRules } from '../../../commands/index.ts'
import { refuse } from '../../../core/errors.ts'
import { mapParameters } from './parameters.ts'
import type { UserCommand } from './user-command.ts'

/** The longest time limit that a timer takes: for commands without one. */
const NO_LIMIT_MS = 2 ** 31 - 1

/** What the pipeline checks before a user command runs. Its parameters become the list of arguments. */
export function rulesOf(command: UserCommand, timeoutMs: number): CommandRules {
  const tooMany = refuse('invalid_request', 'There are too many parameters.')
  return {
    name: command.name,
    access: accessOf(command.acl),
    session: 'optional',
    timeoutMs: (command.timeoutMs ?? timeoutMs) || NO_LIMIT_MS,
    validate(given) {
      const params = mapParameters(command.params, given)
      return params === null ? tooMany : { ok: true, params }
    },
  }
}

/** The roles that an access list names; anything but a list of texts admits no one. */
export function accessOf(acl: unknown): readonly string[] {
  return Array.isArray(acl) ? acl.filter((tag): tag is string => typeof tag === 'string') : []
}
