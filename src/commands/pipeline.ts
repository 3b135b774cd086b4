import { refusalOf, refuse } from '../core/errors.ts'
import {
  type ActorEvent,
  type Authenticated,
  type Authority,
  type CallOptions,
  ERROR_TABLE,
  type ErrorCode,
  LatchkeyError,
  type Refusal,
  ROLES,
} from '../core/index.ts'
import type { Command, CommandContext } from './define-command.ts'
import type { CommandRegistry } from './registry.ts'

/** A call of a command, as a door decoded it. */
export interface CommandCall {
  readonly name: string
  readonly params: unknown
  /** The token as it came; checked unless `current` is given. */
  readonly token?: string | null
  /** The session that the door has checked for this very call. */
  readonly current?: Authenticated | null
  readonly caller: CallOptions
}

export type CommandOutcome = ({ readonly ok: true; readonly value: unknown } | Refusal) & {
  /** Events to the caller itself, in order. */
  readonly events: readonly ActorEvent[]
}

export interface DispatcherOptions {
  readonly authority: Authority
  readonly registry: CommandRegistry
  /** Takes events to actors other than the caller. */
  readonly deliver?: (actorId: string, event: ActorEvent) => Promise<void>
  /** Told of errors that are not the caller's. */
  readonly onError?: (error: unknown, command: string) => void
}

export interface Dispatcher {
  dispatch(call: CommandCall): Promise<CommandOutcome>
}

/** Events that one call may buffer. */
const MAX_EVENTS = 1000

/**
 * Makes the dispatcher: it resolves the session, checks access, validates parameters, runs the command under its
 * time limit, and answers with a value or a code. It never throws for what a command does.
 */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const answer = async (call: CommandCall): Promise<CommandOutcome> => {
    const command = options.registry.find(call.name)
    if (command === null) return { ...refuse('not_found', 'There is no such command.'), events: [] }
    const current = await resolveSession(options.authority, command, call)
    if (current !== null && !current.ok) return { ...current, events: [] }
    const denied = checkAccess(options.authority, command, current, call.caller)
    if (denied !== null) return { ...denied, events: [] }
    const parsed = await command.params.safeParseAsync(call.params)
    if (!parsed.success) return { ...invalidParams(parsed.error.issues), events: [] }
    return run(options, command, parsed.data, current, call.caller)
  }
  return {
    async dispatch(call) {
      try {
        return await answer(call)
      } catch (error) {
        const gone = call.caller.signal?.aborted === true
        if (!gone) options.onError?.(error, call.name)
        return {
          ...(gone ? refuse('timeout', 'The caller went away.') : refusalOf(error)),
          events: [],
        }
      }
    },
  }
}

async function resolveSession(
  authority: Authority,
  command: Command,
  call: CommandCall,
): Promise<Authenticated | Refusal | null> {
  if (call.current !== undefined && call.current !== null) return call.current
  const absent = call.token === undefined || call.token === null || call.token === ''
  if (absent && command.session === 'optional') return null
  const check = await authority.authenticate(call.token, call.caller)
  if (check.ok || command.session !== 'optional' || check.code === 'unavailable') return check
  return null
}

function checkAccess(
  authority: Authority,
  command: Command,
  current: Authenticated | null,
  caller: CallOptions,
): Refusal | null {
  if (current === null) {
    if (command.session !== 'optional') return refuse('token_missing', 'No token was given.')
    return command.access.includes('*') ? null : refuse('access_denied', 'Log in first.')
  }
  const mine = current.session.roles
  // What a visitor was given in development never opens administration.
  const { anonymous } = current.session
  const openTo = anonymous ? command.access.filter((role) => role !== ROLES.admin) : command.access
  const allowed =
    openTo.includes('*') ||
    (openTo.length > 0 && mine.includes('*')) ||
    openTo.some((role) => mine.includes(role))
  if (!allowed) return refuse('access_denied', 'You may not do that.')
  const own = command.session === 'own' || command.session === 'fresh'
  if (own && current.impersonator !== null) {
    return refuse('access_denied', 'Not while acting as another.')
  }
  if (command.session !== 'fresh') return null
  const fresh = authority.sessions.freshWithin(current, undefined, caller)
  return fresh.ok ? null : fresh
}

function invalidParams(
  issues: readonly { code?: string; path: PropertyKey[]; message: string }[],
): Refusal {
  const told = issues.slice(0, 20).map((issue) => ({
    path: issue.path.map(String).join('.').slice(0, 100),
    // Its own message names the fields, and people put secrets anywhere.
    message:
      issue.code === 'unrecognized_keys' ? 'There are unknown fields' : issue.message.slice(0, 200),
  }))
  const first = told[0]
  const where = first?.path ? `${first.path}: ` : ''
  return refuse('invalid_request', `${where}${first?.message ?? 'Invalid input'}.`, {
    issues: told,
  })
}

async function run(
  options: DispatcherOptions,
  command: Command,
  params: unknown,
  current: Authenticated | null,
  caller: CallOptions,
): Promise<CommandOutcome> {
  const buffered: { to: string | null; event: ActorEvent; always: boolean }[] = []
  const limit = new AbortController()
  const signal =
    caller.signal === undefined ? limit.signal : AbortSignal.any([caller.signal, limit.signal])
  let open = true
  const context: CommandContext = {
    authority: options.authority,
    current,
    get actor() {
      if (current === null) throw new LatchkeyError('token_missing', 'Log in first.')
      return current.actor
    },
    caller: { ...caller, signal },
    emit(to, event, { always = false } = {}) {
      if (!open) return
      if (buffered.length >= MAX_EVENTS) throw new LatchkeyError('too_large', 'Too many events.')
      buffered.push({ to, event, always })
    },
  }
  const answer = await within(command.timeoutMs ?? 15_000, limit, async () =>
    command.run(params, context),
  ).then(
    (value) => (isRefusal(value) ? value : { ok: true as const, value }),
    (error: unknown) => {
      const refusal = refusalOf(error)
      if (refusal.code === 'internal') options.onError?.(error, command.name)
      return refusal
    },
  )
  // What a command that ran out of time still emits is nobody's.
  open = false
  const leaving = buffered.filter(({ always }) => answer.ok || always)
  for (const { to, event } of leaving) {
    if (to === null) continue
    options.deliver?.(to, event).catch((error: unknown) => options.onError?.(error, command.name))
  }
  const events = leaving.filter(({ to }) => to === null).map(({ event }) => event)
  return { ...answer, events }
}

async function within<T>(ms: number, limit: AbortController, work: () => Promise<T>): Promise<T> {
  const expired = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    const error = new LatchkeyError('timeout', 'The command took too long.')
    expired.reject(error)
    limit.abort(error)
  }, ms)
  try {
    return await Promise.race([work(), expired.promise])
  } finally {
    clearTimeout(timer)
  }
}

function isRefusal(value: unknown): value is Refusal {
  if (typeof value !== 'object' || value === null) return false
  const { ok, code } = value as { ok?: unknown; code?: unknown }
  return ok === false && typeof code === 'string' && Object.hasOwn(ERROR_TABLE, code as ErrorCode)
}
