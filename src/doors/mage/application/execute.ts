import type { CommandContext } from '../../../commands/index.ts'
import { codeOfThrown } from './errors.ts'
import { insideOf, type Outcome, type State } from './state.ts'
import type { UserCommand } from './user-command.ts'

/**
 * Runs a user command in a state and closes the state: the answer and what it emitted, or the code of what went wrong. When the signal of
 * `context` fires the code is `timeout`, and what the command does later counts for nothing. Never rejects.
 */
export function execute(
  command: UserCommand,
  args: readonly unknown[],
  state: State,
  context: Pick<CommandContext, 'caller'>,
): Promise<Outcome> {
  const inside = insideOf(state)
  let outcome: Promise<Outcome> | null = null
  let ended: (outcome: Promise<Outcome>) => void = () => undefined
  const end = () => {
    if (outcome !== null) return
    outcome = inside.finish()
    ended(outcome)
  }
  inside.onCrash(end)
  run(command, args, state, { hasFailed: inside.hasFailed, end, isOver: () => outcome !== null })
  // Most commands have nothing to wait for, and need no signal.
  if (outcome !== null) return outcome
  const { signal } = context.caller
  const expire = () => {
    state.error('timeout')
    end()
  }
  signal.addEventListener('abort', expire, { once: true })
  return new Promise((resolve) => {
    ended = (settled) => {
      signal.removeEventListener('abort', expire)
      resolve(settled)
    }
  })
}

/** How it goes with a command. */
interface Course {
  readonly hasFailed: () => boolean
  readonly isOver: () => boolean
  readonly end: () => void
}

function run(
  command: UserCommand,
  args: readonly unknown[],
  state: State,
  { hasFailed, end, isOver }: Course,
): void {
  const fail = (thrown: unknown) => {
    if (!isOver()) state.error(codeOfThrown(thrown), thrown)
    end()
  }
  let returned: unknown
  try {
    returned = command.takesCallback
      ? command.execute(state, ...args, (error?: unknown) => {
          if (isFailure(error) && !hasFailed()) fail(error)
          else end()
        })
      : command.execute(state, ...args)
  } catch (error) {
    fail(error)
    return
  }
  if (command.takesCallback) {
    if (isThenable(returned)) returned.then(undefined, fail)
    return
  }
  Promise.resolve(returned)
    .then((value) => {
      // A command may have answered by itself and return nothing.
      if (value !== undefined) state.respond(value, command.returnsJson)
      end()
    })
    .catch(fail)
}

function isFailure(error: unknown): boolean {
  return error instanceof Error || (typeof error === 'string' && error !== '')
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}
