import type { CommandRules, Pipeline } from '../../../commands/index.ts'
import type { CallOptions, Refusal } from '../../../core/index.ts'
import { ANYONE, BAN_GROUP, hasAccess } from './acl.ts'
import { untilCalledBack } from './callback.ts'
import { wireCodeOf } from './errors.ts'
import { execute } from './execute.ts'
import type { MageSession } from './mage-session.ts'
import type { LoadedApplication } from './module-loader.ts'
import type { Services } from './services.ts'
import { State } from './state.ts'
import { type StateOutcome, transactionOf } from './state-transaction.ts'
import type { UserCommand } from './user-command.ts'
import { rulesOf } from './user-command-rules.ts'

/** One call of a user command. */
interface UserCommandCall {
  readonly params: unknown
  readonly session: MageSession | null
  readonly caller: CallOptions
  /** The initial value of `state.data`. */
  readonly data: Record<string, unknown>
}

/** The result of a call, and the session of the caller after it. */
export interface UserCommandOutcome extends StateOutcome {
  readonly session: MageSession | null
  /** Why the pipeline has refused the command. */
  readonly refusal?: Refusal
}

/** The commands of an application, ready to run. */
export interface Application {
  readonly commands: ReadonlyMap<string, UserCommand>
  /** Runs a command. Returns null for parameters that do not match it. Never rejects. */
  run(command: UserCommand, call: UserCommandCall): Promise<UserCommandOutcome | null>
  /** Calls `setup` of each module. Rejects with the error of the first that fails. */
  setUp(): Promise<void>
  /** Calls `teardown` of each module. Rejects with the error of the first that fails. */
  tearDown(): Promise<void>
}

interface ApplicationOptions {
  readonly services: Services
  readonly pipeline: Pipeline
  readonly builtIn: readonly UserCommand[]
  /** The modules and their commands; null for the built-in commands alone. */
  readonly loaded: LoadedApplication | null
  /** The time limit of commands that have none of their own, in milliseconds; 0 for none. */
  readonly timeoutMs: number
}

/** Makes the runtime of an application. */
export function createApplication(options: ApplicationOptions): Application {
  const { services, pipeline, builtIn, loaded, timeoutMs } = options
  const commands = new Map<string, UserCommand>()
  const rules = new Map<UserCommand, CommandRules>()
  for (const command of [...builtIn, ...(loaded?.commands ?? [])]) {
    commands.set(command.name, command)
    rules.set(command, rulesOf(command, timeoutMs))
  }
  // In development an anonymous session has the tags that it asked for, `admin` and `*` too, which the pipeline does not honour.
  const rulesFor = (command: UserCommand, session: MageSession | null): CommandRules => {
    const found = rules.get(command) ?? rulesOf(command, timeoutMs)
    const isOpen = services.development && hasAccess(session?.acl ?? [], command.acl, services)
    return isOpen ? { ...found, access: [ANYONE] } : found
  }
  return {
    commands,
    setUp: () => callModules('setup', loaded, services),
    tearDown: () => callModules('teardown', loaded, services),
    async run(command, { params, session, caller, data }) {
      // A banned session has no access even to a command that is open to anyone.
      if (session?.acl.includes(BAN_GROUP) === true) return refused('banned', session)
      const { name: description } = command
      const state = new State(services, undefined, session, { description, caller, data })
      let running: StateOutcome | Promise<StateOutcome> | null = null
      const ran = await pipeline.run(
        rulesFor(command, session),
        { current: session?.current ?? null, params, caller },
        (args, context) => {
          running = execute(command, args as readonly unknown[], state, context)
          return running
        },
      )
      if (running === null) {
        if (ran.ok || ran.code === 'invalid_request') return null
        return { ...refused(wireCodeOf(ran.code), session), refusal: ran }
      }
      // The pipeline refuses a command that exceeds its time limit; the closed state has the events to send all the same.
      const outcome = ran.ok ? ran.value : await running
      const { error, response, events, thrown } = outcome
      return {
        error,
        response,
        events,
        thrown,
        ...(ran.ok ? {} : { refusal: ran }),
        session: error === null ? (state.session ?? null) : session,
      }
    },
  }
}

function refused(error: string, session: MageSession | null): UserCommandOutcome {
  return { error, response: null, events: [], session }
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
    const { error } = await transactionOf(state).finish()
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
