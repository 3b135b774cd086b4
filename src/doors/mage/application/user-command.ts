import { LatchkeyError } from '../../../core/index.ts'
import { type ParameterNames, parameterNames } from './parameter-names.ts'

type Execute = (...args: unknown[]) => unknown

/** A user command of an application, as its module exports it, checked and ready to be called. */
export interface UserCommand {
  /** `module.command`. */
  readonly name: string
  readonly module: string
  /** Tags of which a session needs one; anything but a list is nobody. */
  readonly acl: unknown
  /** The parameters between the state and the callback. */
  readonly params: readonly (string | null)[]
  /** Whether it takes a callback; otherwise its answer is what it returns or resolves to. */
  readonly takesCallback: boolean
  /** Its own time limit in milliseconds; 0 is none, undefined the application's. */
  readonly timeoutMs: number | undefined
  /** Whether a retry is answered without running it again. */
  readonly cached: boolean
  /** Whether what it returns is JSON already. */
  readonly returnsJson: boolean
  readonly execute: Execute
}

type Exported = Readonly<Record<string, unknown>>

/** Checks what a command's module exports. Throws `invalid_request`, naming the command, for what cannot be one. */
export function readUserCommand(module: string, name: string, exported: unknown): UserCommand {
  const fullName = `${module}.${name}`
  const command = unwrapped(exported)
  if (command === null) throw wrong(fullName, 'exports no command')
  const { acl, execute, timeout, params } = command
  if (typeof execute !== 'function') throw wrong(fullName, 'has no function “execute”')
  if (acl !== undefined && acl !== null && !Array.isArray(acl)) {
    throw wrong(fullName, 'has an “acl” that is no list')
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

// A transpiled module wraps its default export; a class with static methods is a command too.
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
  if (names === null) throw wrong(command, 'needs “params”: its parameters cannot be read')
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
  throw wrong(command, 'has “params” that are no list of names')
}

function readTimeout(timeout: unknown, command: string): number | undefined {
  if (timeout === undefined || timeout === null) return undefined
  // A timer of more than 2³¹ milliseconds fires at once.
  if (typeof timeout === 'number' && timeout >= 0 && timeout < 2 ** 31) return timeout
  throw wrong(command, 'has a “timeout” that is no number of milliseconds')
}

function wrong(command: string, what: string): LatchkeyError {
  return new LatchkeyError('invalid_request', `The user command ${command} ${what}.`)
}
