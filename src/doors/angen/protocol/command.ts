import { z } from 'zod'
import type { CommandContext, CommandRules, OnAnswered, Pipeline } from '../../../commands/index.ts'
import type { Connections } from '../../../connections/index.ts'
import type { Authenticated, Authority, CallOptions, Refusal } from '../../../core/index.ts'
import type { ClientStates } from './client-states.ts'
import type { LoginQueue } from './login-queue.ts'
import { failure, type Outcome, refused } from './outcome.ts'
import { type Checker, createChecker, type JsonSchema } from './schema.ts'

/** What every conversation of a door shares. */
export interface Services {
  readonly authority: Authority
  readonly connections: Connections
  readonly pipeline: Pipeline
  readonly states: ClientStates
  /** Null where logins are not held back. */
  readonly queue: LoginQueue | null
  readonly nodes: () => readonly string[]
  /** Whether the messages that cannot be told otherwise are sent back whole. */
  readonly echoInput: boolean
  /** Receives the report of each message; null for none. */
  readonly onAnswered: OnAnswered | null
  readonly onError: (error: unknown, what: string) => void
  find(name: string): AngenCommand | null
}

/** What a command sees of the client that asks. */
export interface ClientContext {
  readonly services: Services
  /** The session the connection stands on; throws `token_missing` where there is none. */
  readonly session: Authenticated
  readonly isLoggedIn: boolean
  readonly address: string | null
  /** Who asks, for a check of a token: no signal, because a check is short. */
  caller(userAgent?: string | null): CallOptions
  /** As `caller`, with a signal that fires when the client goes away. */
  cancellable(userAgent?: string | null): CallOptions & { readonly signal: AbortSignal }
  /** Makes the connection stand on a session, which it does not yet. */
  logIn(check: Authenticated, options: { readonly bot: boolean }): void
  /** Closes the connection at the client's wish. */
  leave(): void
  push(name: string, message: object): void
}

/** What the connection of the caller must stand on. */
export type SessionNeed =
  | 'none'
  /** If there is a session, it must be good. */
  | 'optional'
  | 'required'
  /** Not an impersonation. */
  | 'own'

export interface CommandDefinition<Params extends z.ZodType> {
  /** `module/command`. */
  readonly name: string
  readonly about: string
  readonly session: SessionNeed
  /** Nothing but types, properties and lists: the rest of JSON Schema is not enforced. */
  readonly params: Params
  /** What is taken in their place by a message that has `key` and lacks what `params` wants. */
  readonly instead?: { readonly key: string; readonly params: z.ZodType }
  /** The message it answers with, `system/success` by default. */
  readonly answers?: string
  /** The reason of the refusal to a client that is not logged in: `Must be logged in` by default. */
  readonly unauthenticated?: string
  /** Whether it may end the caller's own session: the answer goes first then. */
  readonly endsSession?: boolean
  /** Milliseconds; 15,000 by default. */
  readonly timeoutMs?: number
  run(params: z.input<Params>, client: ClientContext): Outcome | Promise<Outcome>
}

/** What a command came to in the pipeline. */
type Ran = Awaited<ReturnType<Pipeline['run']>>

/** A command as the door runs it. */
export interface AngenCommand {
  readonly name: string
  readonly about: string
  readonly session: SessionNeed
  readonly answers?: string
  readonly endsSession?: boolean
  readonly schema: JsonSchema
  /** What the pipeline checks before it runs. */
  readonly rules: CommandRules
  run(params: unknown, client: ClientContext, context: CommandContext): unknown
  /** The message that answers what the pipeline returned. */
  answerOf(ran: Ran, client: ClientContext): Outcome
  /** The checker for a message. */
  checkerFor(params: Readonly<Record<string, unknown>>): Checker
}

/** Defines a command once: what it takes, what it answers, what it does. */
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
  // `run` is only ever called with what its checker accepted, which the erased type cannot say.
  return command as AngenCommand
}

/** What this protocol says where the pipeline refuses. */
function refusalOutcome(refusal: Refusal, unauthenticated: string): Outcome {
  if (refusal.code === 'internal') return 'internal'
  if (refusal.code === 'token_missing') return failure(unauthenticated, refusal)
  if (refusal.code === 'access_denied') return failure('Not while acting as another', refusal)
  return refused(refusal)
}

/** A schema as it is published. */
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
