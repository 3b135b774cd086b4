import type { z } from 'zod'
import { refuse } from '../core/errors.ts'
import {
  type ActorEvent,
  type Authenticated,
  type Authority,
  type CallOptions,
  LatchkeyError,
  type Refusal,
} from '../core/index.ts'

/**
 * The session that a command requires:
 * - `optional`: none is required, and an invalid token counts as none
 * - `required`: a valid session
 * - `user`: a valid session of a registered actor, not of an anonymous one
 * - `own`: a valid session that is not an impersonation
 * - `fresh`: `user` and `own`, and its owner gave a proof within the setting `session.freshMs`
 */
export type SessionNeed = 'optional' | 'required' | 'user' | 'own' | 'fresh'

/** The session that a command receives: null only if its need is `optional`. */
export type CurrentSession<Need extends SessionNeed> = Need extends 'optional'
  ? Authenticated | null
  : Authenticated

/**
 * The default session need of a command: `optional` if `*` is in its access list, else `required`.
 */
export type DefaultNeed<Access extends readonly string[]> = '*' extends Access[number]
  ? 'optional'
  : 'required'

/** The context that a command runs with. */
export interface CommandContext<Need extends SessionNeed = SessionNeed> {
  /** The authority of the server. */
  readonly authority: Authority
  /** The session of the call. Null only if the command's need is `optional`. */
  readonly current: CurrentSession<Need>
  /** The actor of the call. Throws `token_missing` if there is no session. */
  readonly actor: Authenticated['actor']
  /**
   * The source of the request. Its signal fires at the command's time limit, or when the client
   * disconnects.
   */
  readonly caller: CallOptions & { readonly signal: AbortSignal }
  /**
   * Buffers an event: for the caller with `null`, else for the connections of an actor. Buffered events are sent when the command
   * succeeds; after a refusal only those marked `always`. Throws `too_large` above 1,000 events.
   */
  emit(to: string | null, event: ActorEvent, options?: { readonly always?: boolean }): void
}

/** Validated parameters, or the refusal. */
export type Validated = { readonly ok: true; readonly params: unknown } | Refusal

/** The checks that the pipeline makes before a command runs, for every protocol. */
export interface CommandRules {
  /** The name of the command, for errors and metrics. */
  readonly name: string
  /**
   * Roles of which the session needs one. `*` allows every caller; an empty list allows no caller.
   */
  readonly access: readonly string[]
  /** The session that a call needs. */
  readonly session: SessionNeed
  /** Milliseconds; 15,000 by default. */
  readonly timeoutMs?: number
  /** Validates the parameters. Without it they are passed unchanged. */
  validate?(params: unknown): Validated | Promise<Validated>
}

/** The definition of a command, for `defineCommand`. */
export interface CommandDefinition<
  Params extends z.ZodType,
  Result,
  Need extends SessionNeed = SessionNeed,
  Access extends readonly string[] = readonly string[],
> {
  /** `module.command`: letters, digits, `_` and `-`, parts joined by dots. */
  readonly name: string
  /** One sentence for the reference. */
  readonly about?: string
  /**
   * Roles of which the session needs one. `*` allows every caller; an empty list allows no caller.
   */
  readonly access: Access
  /** `optional` by default if `*` is in `access`, else `required`. */
  readonly session?: Need
  /** The shape of the parameters. Calls with others are refused with `invalid_request`. */
  readonly params: Params
  /** The shape of the result, for the reference. */
  readonly result?: z.ZodType
  /** Milliseconds; 15,000 by default. */
  readonly timeoutMs?: number
  /** Runs the command. Returns the result or a refusal, or throws a `LatchkeyError`. */
  run(
    params: z.output<Params>,
    context: CommandContext<Need>,
  ): Promise<Result | Refusal> | Result | Refusal
}

/** A command with the types of its parameters and its result. */
export interface TypedCommand<Params, Result> extends Command {
  /** Exists only in the types. */
  readonly types?: { readonly params: Params; readonly result: Result }
}

/** A command in the registry. */
export interface Command extends CommandRules {
  /** One sentence for the reference. */
  readonly about?: string
  /** The shape of the parameters. */
  readonly params: z.ZodType
  /** The shape of the result, for the reference. */
  readonly result?: z.ZodType
  validate(params: unknown): Promise<Validated>
  /** Runs the command with parameters that `validate` returned. */
  run(params: unknown, context: CommandContext): unknown
}

/**
 * Returns a command that every door can call. Its parameters are validated before `run`, which
 * returns a value or a refusal, or throws a `LatchkeyError`. Throws `invalid_request` for a name
 * that a door cannot transport.
 */
export function defineCommand<
  Params extends z.ZodType,
  Result,
  const Access extends readonly string[],
  Need extends SessionNeed = DefaultNeed<Access>,
>(
  definition: CommandDefinition<Params, Result, Need, Access>,
): TypedCommand<z.input<Params>, Exclude<Result, Refusal>> {
  if (!/^[A-Za-z][\w-]*(\.[A-Za-z][\w-]*)+$/.test(definition.name)) {
    throw new LatchkeyError(
      'invalid_request',
      `“${definition.name}” is not a command name: use letters, digits, _ and -, in parts joined by dots.`,
    )
  }
  const session = definition.session ?? (definition.access.includes('*') ? 'optional' : 'required')
  const validate = (params: unknown) => validated(definition.params, params)
  // The pipeline calls `run` only with what `validate` returned, which the erased type cannot express.
  return { ...definition, session, validate } as Command
}

async function validated(schema: z.ZodType, params: unknown): Promise<Validated> {
  const parsed = await schema.safeParseAsync(params)
  if (parsed.success) return { ok: true, params: parsed.data }
  const issues = parsed.error.issues.slice(0, 20).map((issue) => ({
    path: issue.path.map(String).join('.').slice(0, 100),
    // This kind of message contains the field names, and a client may have sent a secret as a name.
    message:
      issue.code === 'unrecognized_keys'
        ? 'The parameters have unknown fields'
        : issue.message.slice(0, 200),
  }))
  const first = issues[0]
  const where = first?.path ? `${first.path}: ` : ''
  return refuse('invalid_request', `${where}${first?.message ?? 'Invalid input'}.`, { issues })
}
