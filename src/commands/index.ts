export { builtInCommands } from './built-in/index.ts'
export { type Introspection, introspect, scopeOf } from './built-in/introspection.ts'
export {
  type Command,
  type CommandContext,
  type CommandDefinition,
  type CommandRules,
  type CurrentSession,
  type DefaultNeed,
  defineCommand,
  type SessionNeed,
  type TypedCommand,
  type Validated,
} from './define-command.ts'
export {
  type CallSource,
  type CommandCall,
  type CommandOutcome,
  createPipeline,
  type Pipeline,
  type PipelineOptions,
} from './pipeline.ts'
export { type CommandRegistry, createRegistry } from './registry.ts'
export {
  type AnsweredRequest,
  createRequestId,
  type OnAnswered,
  RequestRecord,
} from './request-record.ts'
