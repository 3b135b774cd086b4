import { builtInCommands, type Command, type CommandRegistry } from '../../commands/index.ts'

const BUILT_IN: ReadonlySet<string> = new Set(builtInCommands.map(({ name }) => name))

/** Returns the commands that the application registered. */
export function applicationCommands(registry: CommandRegistry): readonly Command[] {
  return registry.list().filter(({ name }) => !BUILT_IN.has(name))
}

/** Whether a name is that of a command that the application registered. */
export function isApplicationCommand(registry: CommandRegistry, name: string): boolean {
  return !BUILT_IN.has(name) && registry.find(name) !== null
}
