import { z } from 'zod'
import { builtInCommands, type Command, type CommandRegistry } from '../../../commands/index.ts'
import { type AngenCommand, describe } from './command.ts'
import { angenCommands } from './commands/index.ts'
import { pushOf, slashed } from './events.ts'
import { answer, failure } from './outcome.ts'
import { createChecker, type JsonSchema } from './schema.ts'

const BUILT_IN: ReadonlySet<string> = new Set(builtInCommands.map(({ name }) => name))

/** The modules of the protocol. The original has further commands in them, which are not served and must stay unknown. */
const RESERVED: ReadonlySet<string> = new Set([
  ...angenCommands.map(({ name }) => name.split('/')[0] ?? ''),
  'enfys',
  'events',
  'lobby',
])

/**
 * Returns whether this door serves a command of the registry. It serves those of the application, not the built-in ones: the
 * protocol has its own commands for the same purposes, with its own rules.
 */
export function isServed(name: string): boolean {
  return !BUILT_IN.has(name) && !RESERVED.has(name.slice(0, name.indexOf('.')))
}

// Any object: the pipeline validates it after the access check.
const anything = createChecker({ type: 'object' })

/** Returns a function that finds the commands of the protocol, and those of the application by `module/command`. */
export function createFinder(registry: CommandRegistry): (name: string) => AngenCommand | null {
  const own = new Map(angenCommands.map((command) => [command.name, command]))
  const others = new WeakMap<Command, AngenCommand>()
  return (name) => {
    const command = own.get(name)
    if (command !== undefined) return command
    const found = name.includes('/') ? registry.find(name.replace('/', '.')) : null
    // `a.b` is not a name of this protocol, although the registry would find it.
    if (found === null || slashed(found.name) !== name || !isServed(found.name)) return null
    const wrapped = others.get(found) ?? wrap(found)
    others.set(found, wrapped)
    return wrapped
  }
}

function wrap(command: Command): AngenCommand {
  const name = slashed(command.name)
  return {
    name,
    about: command.about ?? command.name,
    session: 'optional',
    // Only the published schema needs them.
    schema: { type: 'object' },
    answers: name,
    rules: command,
    checkerFor: () => anything,
    run: (params, _client, context) => command.run(params, context),
    answerOf(ran, client) {
      const after = () => {
        for (const event of ran.events) {
          const { name, message } = pushOf(event)
          client.push(name, message)
        }
      }
      if (ran.ok) return { ...answer(name, { result: ran.value ?? null }), after }
      const reason = ran.code === 'token_missing' ? 'Must be logged in' : ran.message
      return { ...failure(reason, ran), tells: 'everything', after }
    },
  }
}

/** Returns the published schemas of an application's command: its parameters and its answer. */
export function applicationSchemas(command: Command): { command: JsonSchema; message: JsonSchema } {
  const name = slashed(command.name)
  const about = command.about ?? command.name
  const result = command.result ?? z.unknown()
  return {
    command: describe(command.params, name, about),
    message: describe(z.object({ result }), name, about),
  }
}
