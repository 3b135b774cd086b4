import type { CallOptions } from '../../../core/index.ts'
import { untilCalledBack } from './called-back.ts'
import { execute } from './execute.ts'
import type { LoadedApplication } from './module-loader.ts'
import { mapParameters } from './parameters.ts'
import type { Services } from './services.ts'
import type { Session } from './session.ts'
import { insideOf, type Outcome, State } from './state.ts'
import type { UserCommand } from './user-command.ts'

/** One call of a user command. */
interface UserCall {
  readonly params: unknown
  readonly session: Session | null
  readonly caller: CallOptions
  /** What the state begins with in `data`. */
  readonly data: Record<string, unknown>
}

/** What came of a call, and which session there is after it. */
export interface UserAnswer extends Outcome {
  readonly session: Session | null
}

/** The commands of an application, ready to run. */
export interface Application {
  readonly commands: ReadonlyMap<string, UserCommand>
  /** Runs a command; null for parameters that fit none. Never rejects. */
  run(command: UserCommand, call: UserCall): Promise<UserAnswer | null>
  /** Lets the modules of the application set themselves up; rejects with what one fails with. */
  setUp(): Promise<void>
  /** Lets the modules put away what they have. */
  tearDown(): Promise<void>
}

interface ApplicationOptions {
  readonly services: Services
  readonly builtIn: readonly UserCommand[]
  /** Null where there is only what is built in. */
  readonly loaded: LoadedApplication | null
  /** The time limit of commands that have none of their own; 0 for none. */
  readonly timeoutMs: number
}

/** Makes the runtime of an application. */
export function createApplication(options: ApplicationOptions): Application {
  const { services, builtIn, loaded, timeoutMs } = options
  const commands = new Map<string, UserCommand>()
  for (const command of [...builtIn, ...(loaded?.commands ?? [])])
    commands.set(command.name, command)
  const call = (phase: 'setup' | 'teardown') => callModules(phase, loaded, services)
  return {
    commands,
    setUp: () => call('setup'),
    tearDown: () => call('teardown'),
    async run(command, { params, session, caller, data }) {
      const { name: description } = command
      const state = new State(services, undefined, session, { description, caller, data })
      const access = state.checkAccess(command.acl)
      if (access !== 'allowed') return { error: access, response: null, events: [], session }
      const args = mapParameters(command.params, params)
      if (args === null) return null
      const outcome = await execute(command, args, state, timeoutMs)
      return { ...outcome, session: outcome.error === null ? (state.session ?? null) : session }
    },
  }
}

type Phase = (state: State, callback: (error?: unknown) => void) => unknown

async function callModules(
  phase: 'setup' | 'teardown',
  loaded: LoadedApplication | null,
  services: Services,
): Promise<void> {
  for (const [name, exported] of loaded?.modules ?? []) {
    const fn = (exported as Readonly<Record<string, unknown>> | null)?.[phase]
    if (typeof fn !== 'function') continue
    const state = new State(services, undefined, null, { description: `${name} ${phase}` })
    await callPhase(fn as Phase, exported, state)
    const { error } = await insideOf(state).finish()
    if (error !== null) throw new Error(`The module ${name} failed in its ${phase}: ${error}`)
  }
}

async function callPhase(fn: Phase, self: unknown, state: State): Promise<void> {
  if (fn.length < 2) {
    await fn.call(self, state, () => undefined)
    return
  }
  await untilCalledBack((callback) => fn.call(self, state, callback))
}
