import type { Pipeline } from '../../../commands/index.ts'
import type { CallOptions, Refusal } from '../../../core/index.ts'
import { ANYONE, BAN_GROUP, checkAccess } from './acl.ts'
import { untilCalledBack } from './called-back.ts'
import { wireCodeOf } from './errors.ts'
import { execute } from './execute.ts'
import type { LoadedApplication } from './module-loader.ts'
import type { Services } from './services.ts'
import type { Session } from './session.ts'
import { insideOf, type Outcome, State } from './state.ts'
import type { UserCommand } from './user-command.ts'
import { rulesOf } from './user-command-rules.ts'

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
  /** Runs the commands: access, parameters, time limit. */
  readonly pipeline: Pipeline
  readonly builtIn: readonly UserCommand[]
  /** Null where there is only what is built in. */
  readonly loaded: LoadedApplication | null
  /** The time limit of commands that have none of their own; 0 for none. */
  readonly timeoutMs: number
}

/** Makes the runtime of an application. */
export function createApplication(options: ApplicationOptions): Application {
  const { services, pipeline, builtIn, loaded, timeoutMs } = options
  const commands = new Map<string, UserCommand>()
  for (const command of [...builtIn, ...(loaded?.commands ?? [])])
    commands.set(command.name, command)
  const rules = new Map([...commands.values()].map((each) => [each, rulesOf(each, timeoutMs)]))
  // In development an anonymous session may have any tag, `admin` and `*` too, and they open the application's commands.
  const rulesFor = (command: UserCommand, session: Session | null) => {
    const found = rules.get(command) ?? rulesOf(command, timeoutMs)
    const { development } = services
    const open = development && checkAccess(session?.acl ?? [], command.acl, services) === 'allowed'
    return open ? { ...found, access: [ANYONE] } : found
  }
  const call = (phase: 'setup' | 'teardown') => callModules(phase, loaded, services)
  return {
    commands,
    setUp: () => call('setup'),
    tearDown: () => call('teardown'),
    async run(command, { params, session, caller, data }) {
      // MAGE's ban comes before any access list.
      if (session?.acl.includes(BAN_GROUP) === true) return refused('banned', session)
      const { name: description } = command
      const state = new State(services, undefined, session, { description, caller, data })
      let running: Promise<Outcome> | null = null
      const ran = await pipeline.run(
        rulesFor(command, session),
        { current: session?.current ?? null, params, caller },
        (args, context) => {
          running = execute(command, args as readonly unknown[], state, context)
          return running
        },
      )
      if (running === null) return ran.ok ? null : answerOfRefusal(ran, session)
      // At the time limit the state is closed too, and has what the command emitted for every outcome.
      const outcome = ran.ok ? ran.value : await running
      return { ...outcome, session: outcome.error === null ? (state.session ?? null) : session }
    },
  }
}

/** What the pipeline refused, in MAGE's words; null for parameters that fit none. */
function answerOfRefusal({ code }: Refusal, session: Session | null): UserAnswer | null {
  return code === 'invalid_request' ? null : refused(wireCodeOf(code), session)
}

function refused(error: string, session: Session | null): UserAnswer {
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
