import { clearTimeout, setTimeout } from 'node:timers'
import { refusalOf, refuse } from '../core/errors.ts'
import {
  type ActorEvent,
  type Authenticated,
  type Authority,
  type CallOptions,
  clientIdOf,
  ERROR_TABLE,
  type ErrorCode,
  LatchkeyError,
  type Refusal,
  ROLES,
  type SessionView,
} from '../core/index.ts'
import { CallContext } from './call-context.ts'
import type { CommandContext, CommandRules, TypedCommand } from './define-command.ts'
import type { CommandRegistry } from './registry.ts'

/** Where a call comes from, and its session: by exactly one of `token`, `current` and `check`, or by none. */
export interface CallSource {
  /** The token sent by the client: the pipeline authenticates it. */
  readonly token?: string | null
  /** The session that the door has authenticated for this call. */
  readonly current?: Authenticated | null
  /** Checks the session of an open connection again. For a door that closes the connection when it is not valid. */
  readonly check?: () => Promise<Authenticated | Refusal>
  /** The door and the client of the call, and the signal that cancels it. */
  readonly caller: CallOptions
  /** Called with the session of the call when it is valid. */
  readonly onSession?: (current: Authenticated) => void
}

/** A decoded call of a registered command. */
export interface CommandCall extends CallSource {
  /** The name of a registered command. */
  readonly name: string
  /** The parameters as the client sent them. The pipeline validates them. */
  readonly params: unknown
}

/** The outcome of a call. */
export type CommandOutcome<Result = unknown> = (
  | { readonly ok: true; readonly value: Result }
  | Refusal
) & {
  /** Events for the caller, in order. */
  readonly events: readonly ActorEvent[]
}

/** Options of `createPipeline`. */
export interface PipelineOptions {
  /** Checks the session of every call. */
  readonly authority: Authority
  /** The commands that `dispatch` finds by name. */
  readonly registry: CommandRegistry
  /** Delivers events to actors other than the caller. */
  readonly deliver?: (actorId: string, event: ActorEvent) => Promise<void>
  /** Called with errors that are not the client's. */
  readonly onError?: (error: unknown, command: string) => void
}

/**
 * Runs every command: session, access, validation, time limit, events. It never throws because of a
 * command.
 */
export interface Pipeline {
  /** Runs a registered command by its name. Refuses `not_found` for a name that is not registered. */
  dispatch(call: CommandCall): Promise<CommandOutcome>
  /** Runs a command by its definition, with its types. */
  call<Params, Result>(
    command: TypedCommand<Params, Result>,
    params: Params,
    source: CallSource,
  ): Promise<CommandOutcome<Result>>
  /**
   * Runs `work` under the rules of a protocol's own command. Doors adapt their commands with it.
   */
  run<Result>(
    rules: CommandRules,
    call: CallSource & { readonly params: unknown },
    work: (
      params: unknown,
      context: CommandContext,
    ) => Result | Refusal | Promise<Result | Refusal>,
  ): Promise<CommandOutcome<Result>>
}

const DEFAULT_TIMEOUT_MS = 15_000

const DISCONNECTED = refuse('timeout', 'The client disconnected.')

/** Creates the pipeline. */
export function createPipeline(options: PipelineOptions): Pipeline {
  const run: Pipeline['run'] = async (rules, call, work) => {
    try {
      const current = await resolveSession(options.authority, rules, call)
      if (current !== null && !current.ok) return { ...current, events: [] }
      if (current !== null) call.onSession?.(current)
      const denied = checkAccess(options.authority, rules, current, call.caller)
      if (denied !== null) return { ...denied, events: [] }
      const validated = (await rules.validate?.(call.params)) ?? { ok: true, params: call.params }
      if (!validated.ok) return { ...validated, events: [] }
      const context = new CallContext(options.authority, current, call.caller)
      return await execute(options, rules, { context, signal: call.caller.signal }, () =>
        work(validated.params, context),
      )
    } catch (error) {
      if (call.caller.signal?.aborted === true) {
        return { ...DISCONNECTED, events: [] }
      }
      options.onError?.(error, rules.name)
      return { ...refusalOf(error), events: [] }
    }
  }
  return {
    run,
    async dispatch(call) {
      const command = options.registry.find(call.name)
      if (command === null) {
        return { ...refuse('not_found', 'There is no such command.'), events: [] }
      }
      return run(command, call, (params, context) => command.run(params, context))
    },
    call<Params, Result>(
      command: TypedCommand<Params, Result>,
      params: Params,
      source: CallSource,
    ) {
      return run(
        command,
        { ...source, params },
        (checked, context) => command.run(checked, context) as Result,
      )
    },
  }
}

async function resolveSession(
  authority: Authority,
  { session }: CommandRules,
  { token, current, check: checkAgain, caller }: CallSource,
): Promise<Authenticated | Refusal | null> {
  if (current !== undefined && current !== null) return current
  if (checkAgain !== undefined) return checkAgain()
  const absent = token === undefined || token === null || token === ''
  if (absent && session === 'optional') return null
  const check = await authority.authenticate(token, caller)
  if (check.ok || session !== 'optional' || check.code === 'unavailable') return check
  return null
}

function checkAccess(
  authority: Authority,
  { access, session }: CommandRules,
  current: Authenticated | null,
  caller: CallOptions,
): Refusal | null {
  if (current === null) {
    if (session !== 'optional') return refuse('token_missing', 'No token was given.')
    return access.includes('*') ? null : refuse('access_denied', 'Log in first.')
  }
  if (!allows(access, current.session))
    return refuse('access_denied', 'Your roles do not allow this command.')
  if (current.session.anonymous && (session === 'user' || session === 'fresh')) {
    const message = 'An anonymous session does not allow this. Log in first.'
    return refuse('access_denied', message, { reason: 'anonymous' })
  }
  const own = session === 'own' || session === 'fresh'
  if (own && current.impersonator !== null) {
    return refuse('access_denied', 'Not allowed while impersonating. Stop impersonating first.')
  }
  // No role covers the commands for the account itself, so no client can be registered for them.
  if (own && access.includes('*') && clientIdOf(current.session) !== null) {
    return refuse('access_denied', 'Not allowed in a session of an OAuth client. Log in directly.')
  }
  if (session !== 'fresh') return null
  const fresh = authority.sessions.freshWithin(current, undefined, caller)
  return fresh.ok ? null : fresh
}

/**
 * Returns whether an access list allows a session. `*` in the list allows any. Development mode may give an anonymous session the role `*`,
 * which every list allows; it never allows administration.
 */
function allows(access: readonly string[], { roles, anonymous }: SessionView): boolean {
  if (access.includes('*')) return true
  const openTo = anonymous ? access.filter((role) => role !== ROLES.admin) : access
  if (anonymous && openTo.length > 0 && roles.includes('*')) return true
  return openTo.some((role) => role !== '*' && roles.includes(role))
}

async function execute<Result>(
  options: PipelineOptions,
  { name, timeoutMs = DEFAULT_TIMEOUT_MS }: CommandRules,
  { context, signal }: { readonly context: CallContext; readonly signal: AbortSignal | undefined },
  work: () => Result | Refusal | Promise<Result | Refusal>,
): Promise<CommandOutcome<Result>> {
  const settled = (answer: { readonly ok: true; readonly value: Result } | Refusal) => ({
    ...answer,
    events: sendEvents(options, name, context.closeEvents(answer.ok)),
  })
  try {
    const started = work()
    const value = started instanceof Promise ? await within(timeoutMs, context, started) : started
    return settled(isRefusal(value) ? value : { ok: true, value })
  } catch (error) {
    const refusal = refusalOf(error)
    // What fails because the client has disconnected is no error of the server.
    if (refusal.code === 'internal' && signal?.aborted === true) return settled(DISCONNECTED)
    if (refusal.code === 'internal') options.onError?.(error, name)
    return settled(refusal)
  }
}

/** Delivers the events for other actors, and returns those for the caller. */
function sendEvents(
  { deliver, onError }: PipelineOptions,
  name: string,
  buffered: ReturnType<CallContext['closeEvents']>,
): readonly ActorEvent[] {
  const events: ActorEvent[] = []
  for (const { to, event } of buffered) {
    if (to === null) events.push(event)
    else deliver?.(to, event).catch((error: unknown) => onError?.(error, name))
  }
  return events
}

async function within<T>(ms: number, context: CallContext, work: Promise<T>): Promise<T> {
  const expired = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const error = new LatchkeyError('timeout', 'The command exceeded its time limit.')
    expired.reject(error)
    context.expire(error)
  }, ms)
  try {
    return await Promise.race([work, expired.promise])
  } finally {
    clearTimeout(timer)
  }
}

function isRefusal(value: unknown): value is Refusal {
  if (typeof value !== 'object' || value === null) return false
  const { ok, code } = value as { ok?: unknown; code?: unknown }
  return ok === false && typeof code === 'string' && Object.hasOwn(ERROR_TABLE, code as ErrorCode)
}
