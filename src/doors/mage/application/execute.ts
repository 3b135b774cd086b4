import type { CommandContext } from '../../../commands/index.ts'
import { codeOfThrown } from './errors.ts'
import type { State } from './state.ts'
import { type StateOutcome, type StateTransaction, transactionOf } from './state-transaction.ts'
import type { UserCommand } from './user-command.ts'

/**
 * Runs a user command in a state and closes the state. When the signal of `context` fires, the outcome is the code `timeout`, and what the
 * command does later is ignored. Never throws or rejects.
 */
export function execute(
  command: UserCommand,
  args: readonly unknown[],
  state: State,
  context: Pick<CommandContext, 'caller'>,
): StateOutcome | Promise<StateOutcome> {
  const transaction = transactionOf(state)
  let outcome: StateOutcome | Promise<StateOutcome> | null = null
  let settle: ((outcome: StateOutcome | Promise<StateOutcome>) => void) | null = null
  const end = () => {
    if (outcome !== null) return
    outcome = transaction.finish()
    settle?.(outcome)
  }
  const fail = (thrown: unknown) => {
    if (outcome === null) transaction.fail(codeOfThrown(thrown), thrown)
    end()
  }
  transaction.onCrash(end)
  call(command, args, { state, transaction, end, fail })
  // A command that called back at once needs no signal.
  if (outcome !== null) return outcome
  const { signal } = context.caller
  const expire = () => {
    transaction.fail('timeout')
    end()
  }
  signal.addEventListener('abort', expire, { once: true })
  return new Promise((resolve) => {
    settle = (settled) => {
      signal.removeEventListener('abort', expire)
      resolve(settled)
    }
  })
}

/** One run of a command. */
interface Run {
  readonly state: State
  readonly transaction: StateTransaction
  readonly end: () => void
  readonly fail: (thrown: unknown) => void
}

function call(
  command: UserCommand,
  args: readonly unknown[],
  { state, transaction, end, fail }: Run,
): void {
  const callback = (error?: unknown) => {
    if (isFailure(error) && !transaction.hasFailed) fail(error)
    else end()
  }
  let returned: unknown
  try {
    returned = command.takesCallback
      ? command.execute(state, ...args, callback)
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
      // A command may call `state.respond` and return nothing.
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
