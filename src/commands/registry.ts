import { LatchkeyError } from '../core/index.ts'
import type { Command } from './define-command.ts'

/** The commands of a server, by name. */
export interface CommandRegistry {
  /** Adds commands. Throws `conflict` with the name if one is taken, and then adds none. */
  add(commands: readonly Command[]): void
  /** Returns a command, or null if there is none of that name. */
  find(name: string): Command | null
  /** Returns every command, in the order of registration. */
  list(): readonly Command[]
}

/** Returns a registry with the given commands. */
export function createRegistry(commands: readonly Command[] = []): CommandRegistry {
  const byName = new Map<string, Command>()
  const registry: CommandRegistry = {
    add(added) {
      const names = added.map((command) => command.name)
      const taken = names.find((name, at) => byName.has(name) || names.indexOf(name) < at)
      if (taken !== undefined) {
        throw new LatchkeyError('conflict', `There are two commands named ${taken}. Rename one.`)
      }
      for (const command of added) byName.set(command.name, command)
    },
    find: (name) => byName.get(name) ?? null,
    list: () => [...byName.values()],
  }
  registry.add(commands)
  return registry
}
