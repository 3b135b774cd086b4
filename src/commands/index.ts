export { builtInCommands } from './built-in/index.ts'
export {
  type Command,
  type CommandContext,
  type CommandDefinition,
  defineCommand,
  type SessionNeed,
} from './define-command.ts'
export {
  type CommandCall,
  type CommandOutcome,
  createDispatcher,
  type Dispatcher,
  type DispatcherOptions,
} from './pipeline.ts'
export { type CommandRegistry, createRegistry } from './registry.ts'
