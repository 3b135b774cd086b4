import { LatchkeyError } from '../../../core/index.ts'
import { type ParameterNames, parameterNames } from './parameter-names.ts'

type Execute = (...args: unknown[]) => unknown

/** A user command of an application, read from the exports of its module. */
export interface UserCommand {
  /** `module.command`. */
  readonly name: string
  readonly module: string
  /** The access tags of which a session needs one. Anything but a list admits no one. */
  readonly acl: unknown
  /** The names of the parameters between the state and the callback. */
  readonly params: readonly (string | null)[]
  /** Whether it takes a callback. If not, its response is what it returns or resolves to. */
  readonly takesCallback: boolean
  /** Its time limit in milliseconds; 0 for none, undefined for that of the application. */
  readonly timeoutMs: number | undefined
  /** Whether a retry gets the cached response instead of running the command again. */
  readonly cached: boolean
  /** Whether it returns JSON text. */
  readonly returnsJson: boolean
  readonly execute: Execute
}

type Exported = Readonly<Record<string, unknown>>

/** Reads a user command from the exports of its module. Throws `invalid_request`, with the name of the command, if they are not one. */
export function readUserCommand(module: string, name: string, exported: unknown): UserCommand {
  const fullName = `${module}.${name}`
  const command = unwrapped(exported)
  if (command === null) throw wrong(fullName, 'does not export a command')
  const { acl, execute, timeout, params } = command
  if (typeof execute !== 'function') throw wrong(fullName, 'does not export a function “execute”')
  if (acl !== undefined && acl !== null && !Array.isArray(acl)) {
    throw wrong(fullName, 'has an “acl” that is not a list')
  }
  const given = params === undefined || params === null ? null : listOfNames(params, fullName)
  const shape = shapeOf(execute as Execute, given, fullName)
  return {
    name: fullName,
    module,
    acl,
    ...shape,
    timeoutMs: readTimeout(timeout, fullName),
    cached: command['cache'] !== false,
    returnsJson: command['serialize'] === false,
    execute: execute.bind(command) as Execute,
  }
}

// A transpiled module wraps its default export. A class with static methods is a command too.
function unwrapped(exported: unknown): Exported | null {
  let value = exported
  for (let depth = 0; depth < 3 && isHolder(value); depth++) {
    if (typeof value['execute'] === 'function' || !isHolder(value['default'])) return value
    value = value['default']
  }
  return isHolder(value) ? value : null
}

function isHolder(value: unknown): value is Exported {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function shapeOf(
  execute: Execute,
  given: readonly string[] | null,
  command: string,
): Pick<UserCommand, 'params' | 'takesCallback'> {
  const isAsync = Object.prototype.toString.call(execute) === '[object AsyncFunction]'
  const names = parameterNames(execute)
  const callsBack = !isAsync && endsInCallback(names)
  if (given !== null) {
    return {
      params: given,
      takesCallback: callsBack || (!isAsync && execute.length === given.length + 2),
    }
  }
  if (names === null)
    throw wrong(
      command,
      'must export “params”, because its parameters cannot be read from its source',
    )
  const [first, ...rest] = names
  if ((callsBack || rest.length > 0) && first !== 'state' && first !== '_state') {
    throw wrong(command, 'must take “state” as the first parameter of “execute”')
  }
  return { params: callsBack ? rest.slice(0, -1) : rest, takesCallback: callsBack }
}

function endsInCallback(names: ParameterNames | null): boolean {
  const last = names?.at(-1)
  return last === 'callback' || last === 'cb'
}

function listOfNames(params: unknown, command: string): readonly string[] {
  if (Array.isArray(params) && params.every((name) => typeof name === 'string')) return params
  throw wrong(command, 'has “params” that are not a list of names')
}

function readTimeout(timeout: unknown, command: string): number | undefined {
  if (timeout === undefined || timeout === null) return undefined
  // A timer with a longer delay fires at once.
  if (typeof timeout === 'number' && timeout >= 0 && timeout < 2 ** 31) return timeout
  throw wrong(command, 'has a “timeout” that is not a number of milliseconds below 2^31')
}

function wrong(command: string, what: string): LatchkeyError {
  return new LatchkeyError('invalid_request', `The user command ${command} ${what}.`)
}
