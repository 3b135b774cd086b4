import { z } from 'zod'
import type { CommandContext, CommandRules, Pipeline } from '../../../commands/index.ts'
import type { Connections } from '../../../connections/index.ts'
import type { Authenticated, Authority, CallOptions, Refusal } from '../../../core/index.ts'
import type { ClientStates } from './client-states.ts'
import type { LoginQueue } from './login-queue.ts'
import { failure, type Outcome, refused } from './outcome.ts'
import { type Checker, createChecker, type JsonSchema } from './schema.ts'

/** The services that all conversations of a door share. */
export interface Services {
  readonly authority: Authority
  readonly connections: Connections
  readonly pipeline: Pipeline
  readonly states: ClientStates
  /** Null if the rate of logins is not limited. */
  readonly queue: LoginQueue | null
  readonly nodes: () => readonly string[]
  /** Whether `system/error` contains the message that caused it. */
  readonly echoInput: boolean
  readonly onError: (error: unknown, what: string) => void
  find(name: string): AngenCommand | null
}

/** The connection that a command was called on. */
export interface ClientContext {
  readonly services: Services
  /** The session of the connection. Throws `token_missing` if there is none. */
  readonly session: Authenticated
  readonly isLoggedIn: boolean
  readonly address: string | null
  /** The source of the request, for the check of a token: without a signal, because a check is short. */
  caller(userAgent?: string | null): CallOptions
  /** The source of the request, with a signal that fires when the client disconnects. */
  cancellable(userAgent?: string | null): CallOptions & { readonly signal: AbortSignal }
  /** Binds the connection, which has no session yet, to a session. */
  logIn(check: Authenticated, options: { readonly bot: boolean }): void
  /** Closes the connection because the client asked for it. */
  leave(): void
  push(name: string, message: object): void
}

/** The session that a command needs. */
export type SessionNeed =
  | 'none'
  /** A session is not needed, but one that is there must be valid. */
  | 'optional'
  | 'required'
  /** The session of a registered actor. */
  | 'user'
  /** A session that is not an impersonation. */
  | 'own'

export interface CommandDefinition<Params extends z.ZodType> {
  /** `module/command`. */
  readonly name: string
  readonly about: string
  readonly session: SessionNeed
  /** Only types, properties and lists are enforced, not the rest of JSON Schema. */
  readonly params: Params
  /** Other parameters, accepted from a message that has `key` and does not fit `params`. */
  readonly instead?: { readonly key: string; readonly params: z.ZodType }
  /** The name of the answer, `system/success` by default. */
  readonly answers?: string
  /** The reason given to a client that is not logged in: `Must be logged in` by default. */
  readonly unauthenticated?: string
  /** Whether it may end the session of the caller: the answer is sent before the connection closes. */
  readonly endsSession?: boolean
  /** Milliseconds; 15,000 by default. */
  readonly timeoutMs?: number
  run(params: z.input<Params>, client: ClientContext): Outcome | Promise<Outcome>
}

/** The outcome of a command in the pipeline. */
type Ran = Awaited<ReturnType<Pipeline['run']>>

/** A command as the door runs it. */
export interface AngenCommand {
  readonly name: string
  readonly about: string
  readonly session: SessionNeed
  readonly answers?: string
  readonly endsSession?: boolean
  readonly schema: JsonSchema
  /** The checks of the pipeline before the command runs. */
  readonly rules: CommandRules
  run(params: unknown, client: ClientContext, context: CommandContext): unknown
  /** Returns the answer for an outcome of the pipeline. */
  answerOf(ran: Ran, client: ClientContext): Outcome
  /** Returns the checker for a message. */
  checkerFor(params: Readonly<Record<string, unknown>>): Checker
}

/** Defines a command of the protocol: its parameters, its answer and its function. */
export function defineAngenCommand<Params extends z.ZodType>(
  definition: CommandDefinition<Params>,
): AngenCommand {
  const { params, instead, unauthenticated = 'Must be logged in', timeoutMs, ...rest } = definition
  const schema = describe(params, rest.name, rest.about)
  const checker = createChecker(schema)
  const other = instead === undefined ? null : createChecker(jsonSchema(instead.params))
  const command = {
    ...rest,
    schema,
    rules: {
      name: rest.name,
      access: ['*'],
      session: rest.session === 'none' ? 'optional' : rest.session,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    },
    answerOf: (ran: Ran) =>
      ran.ok ? (ran.value as Outcome) : refusalOutcome(ran, unauthenticated),
    checkerFor(given: Readonly<Record<string, unknown>>) {
      if (instead === undefined || other === null || !Object.hasOwn(given, instead.key))
        return checker
      return checker.accepts(given) ? checker : other
    },
  }
  // `run` is called only with what its checker accepted, which the erased type cannot express.
  return command as AngenCommand
}

/** Returns the refusal of this protocol for a refusal of the pipeline. */
function refusalOutcome(refusal: Refusal, unauthenticated: string): Outcome {
  if (refusal.code === 'internal') return 'internal'
  if (refusal.code === 'token_missing') return failure(unauthenticated, refusal)
  if (refusal.reason === 'anonymous') return failure(unauthenticated, refusal)
  if (refusal.code === 'access_denied') return failure('Not while acting as another', refusal)
  return refused(refusal)
}

/** Returns the published schema of a shape. */
export function describe(schema: z.ZodType, title: string, description: string): JsonSchema {
  return { ...jsonSchema(schema), title, description }
}

function jsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
  }) as JsonSchema
}
