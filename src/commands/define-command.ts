import type { z } from 'zod'
import {
  type ActorEvent,
  type Authenticated,
  type Authority,
  type CallOptions,
  LatchkeyError,
  type Refusal,
} from '../core/index.ts'

/** What a command runs with. */
export interface CommandContext {
  readonly authority: Authority
  /** The session that asks; null only where the command allows that. */
  readonly current: Authenticated | null
  /** The actor that asks; throws `token_missing` where there is none. */
  readonly actor: Authenticated['actor']
  /** Where the request comes from, with a signal that fires at the command's time limit. */
  readonly caller: CallOptions & { readonly signal: AbortSignal }
  /**
   * Buffers an event: to the caller with `null`, else to the connections of an actor. Buffered events leave when the
   * command succeeds; on a refusal only those marked `always`.
   */
  emit(to: string | null, event: ActorEvent, options?: { readonly always?: boolean }): void
}

/** What the session that asks must be. */
export type SessionNeed =
  /** There may be none, and a token that is no longer good counts as none. */
  | 'optional'
  | 'required'
  /** Not an impersonation. */
  | 'own'
  /** `own`, and proved within the setting `session.freshMs`. */
  | 'fresh'

export interface CommandDefinition<Params extends z.ZodType, Result> {
  /** `module.command`: letters, digits, `_` and `-`, parts joined by dots. */
  readonly name: string
  /** One sentence for the reference. */
  readonly about?: string
  /** Roles of which the actor needs one; `*` is anyone; an empty list is nobody. */
  readonly access: readonly string[]
  /** `optional` by default where anyone has access, else `required`. */
  readonly session?: SessionNeed
  readonly params: Params
  /** What it answers with, for the reference. */
  readonly result?: z.ZodType
  /** 15,000 ms by default. */
  readonly timeoutMs?: number
  run(
    params: z.output<Params>,
    context: CommandContext,
  ): Promise<Result | Refusal> | Result | Refusal
}

/** A command as the registry holds it. */
export interface Command extends CommandDefinition<z.ZodType, unknown> {
  readonly session: SessionNeed
}

/**
 * Defines a command that every door can call. Parameters are validated before `run`; it answers with a value or a refusal,
 * or throws a `LatchkeyError`. Throws `invalid_request` for a name that no door could carry.
 */
export function defineCommand<Params extends z.ZodType, Result>(
  definition: CommandDefinition<Params, Result>,
): Command {
  if (!/^[A-Za-z][\w-]*(\.[A-Za-z][\w-]*)+$/.test(definition.name)) {
    throw new LatchkeyError('invalid_request', `“${definition.name}” is no name for a command.`)
  }
  const session = definition.session ?? (definition.access.includes('*') ? 'optional' : 'required')
  // `run` is only ever called with what `params` put out, which the erased type cannot say.
  return { ...definition, session } as Command
}
