import type { CommandRegistry, Pipeline } from '../../../commands/index.ts'
import { errorOf } from '../../../core/errors.ts'
import type { CallOptions } from '../../../core/index.ts'
import type { Application, UserAnswer } from '../application/application.ts'
import { wireCodeOf } from '../application/errors.ts'
import { type MessageHook, runHook } from '../application/message-hooks.ts'
import { resolveSession } from '../application/resolve-session.ts'
import type { Services } from '../application/services.ts'
import type { Session } from '../application/session.ts'
import { insideOf, type Outcome, State } from '../application/state.ts'
import { type Batch, entryNamed } from './batch-request.ts'
import type { CachedEntry, ResponseCache } from './response-cache.ts'

/** Commands that were defined for every door. */
export interface OtherCommands {
  readonly registry: CommandRegistry
  readonly pipeline: Pipeline
}

/** What a batch runs on. */
export interface BatchRunner {
  readonly services: Services
  readonly application: Application
  /** Runs commands that are not the application's own; null where there are none. */
  readonly others: OtherCommands | null
  readonly hooks: readonly MessageHook[]
  readonly cache: ResponseCache
  readonly commandMs: number
}

interface BatchCall {
  readonly batch: Batch
  readonly queryId: string | null
  readonly caller: CallOptions
}

/**
 * Runs a batch, one command after the other; each sees the session as those before left it. The body of the answer, or null where a command’s
 * parameters fit none: what ran before stays done. Rejects where the header cannot be dealt with, such as when the store is gone.
 */
export async function runBatch(runner: BatchRunner, call: BatchCall): Promise<string | null> {
  const header = await (runner.hooks.length === 0 ? readSession : readHeader)(runner, call)
  const run = (cached: readonly CachedEntry[] | null) => runCommands(runner, call, header, cached)
  const id = header.session?.current?.session.id
  const { queryId, batch } = call
  const entries =
    id === undefined || queryId === null
      ? await run(null)
      : await runner.cache.answer(id, { id: queryId, names: batch.commandNames }, run)
  return entries === null ? null : `[${entries.map(({ json }) => json).join()}]`
}

interface Header {
  readonly session: Session | null
  readonly events: readonly string[]
}

const SESSION_ENTRY = 'mage.session'
const NONE: readonly string[] = []

async function readSession(
  { services }: BatchRunner,
  { batch, caller }: BatchCall,
): Promise<Header> {
  const entry = entryNamed(batch.header, SESSION_ENTRY)
  if (entry === undefined) return { session: null, events: NONE }
  const resolved = await resolveSession(services, entry['key'], caller)
  if (resolved.ok) return { session: resolved.session, events: NONE }
  return { session: null, events: [unset(resolved.reason)] }
}

async function readHeader(runner: BatchRunner, call: BatchCall): Promise<Header> {
  const { services, hooks, commandMs: timeoutMs } = runner
  const { batch, caller } = call
  const { session, events } = await readSession(runner, call)
  const state = new State(services, undefined, session, { description: 'batch header', caller })
  for (const hook of hooks) {
    await runHook(hook, entryNamed(batch.header, hook.name), { state, batch, timeoutMs })
  }
  const outcome = await insideOf(state).finish()
  return { session: state.session ?? null, events: [...events, ...outcome.events] }
}

function unset(reason: string): string {
  return JSON.stringify(['session.unset', reason])
}

async function runCommands(
  runner: BatchRunner,
  { batch, caller }: BatchCall,
  header: Header,
  cached: readonly CachedEntry[] | null,
): Promise<readonly CachedEntry[] | null> {
  const entries: CachedEntry[] = []
  let { session, events } = header
  for (const [at, { name, params }] of batch.commands.entries()) {
    const known = cached?.[at]
    if (known?.replayed === true) {
      entries.push(known)
      continue
    }
    if (at > 0 && session !== null && !(await stillGood(runner.services, session, caller))) {
      session = null
      events = [unset('noSession')]
    }
    const ran = await runOne(runner, { name, params, session, batch, caller })
    if (ran === null) return null
    session = ran.session
    const command = runner.application.commands.get(name)
    entries.push({ json: entryJson(ran, events), replayed: command?.cached !== false })
    events = NONE
  }
  return entries
}

// What ended while an earlier command of the batch ran is over for the next.
async function stillGood(
  { authority }: Services,
  { current }: Session,
  caller: CallOptions,
): Promise<boolean> {
  if (current === null) return true
  const check = await authority.sessions.recheck(current, { ...caller, passive: true })
  if (!check.ok && check.code === 'unavailable') throw errorOf(check)
  return check.ok
}

interface OneCall {
  readonly name: string
  readonly params: unknown
  readonly session: Session | null
  readonly batch: Batch
  readonly caller: CallOptions
}

function runOne(runner: BatchRunner, call: OneCall): Promise<UserAnswer | null> {
  const { name, params, session, caller, batch } = call
  const command = runner.application.commands.get(name)
  if (command !== undefined) {
    const data = { address: caller.address ?? null, batch }
    return runner.application.run(command, { params, session, caller, data })
  }
  return runOther(runner.others, call)
}

async function runOther(others: OtherCommands | null, call: OneCall): Promise<UserAnswer> {
  const { name, params, session, caller } = call
  if (others === null || others.registry.find(name) === null) {
    return { error: 'server', response: null, events: NONE, session }
  }
  const current = session?.current ?? null
  const outcome = await others.pipeline.dispatch({ name, params, current, caller })
  const events = outcome.events.map((event) =>
    JSON.stringify(event.data === undefined ? [event.name] : [event.name, event.data]),
  )
  if (!outcome.ok) return { error: wireCodeOf(outcome.code), response: null, events, session }
  return { error: null, response: JSON.stringify(outcome.value) ?? null, events, session }
}

function entryJson({ error, response, events }: Outcome, before: readonly string[]): string {
  const code = error === null ? 'null' : JSON.stringify(error)
  const told = before.length + events.length === 0 ? '' : `,[${[...before, ...events].join()}]`
  return `[${code},${error === null ? (response ?? 'null') : 'null'}${told}]`
}
