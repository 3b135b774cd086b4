import {
  type CommandRegistry,
  type OnAnswered,
  type Pipeline,
  RequestRecord,
} from '../../../commands/index.ts'
import { errorOf, refuse } from '../../../core/errors.ts'
import type { CallOptions, Refusal } from '../../../core/index.ts'
import type { Application, UserCommandOutcome } from '../application/application.ts'
import { refusalOfCommand, wireCodeOf } from '../application/errors.ts'
import type { MageSession } from '../application/mage-session.ts'
import { type MessageHook, runHook } from '../application/message-hooks.ts'
import { resolveSession } from '../application/resolve-session.ts'
import type { Services } from '../application/services.ts'
import { State } from '../application/state.ts'
import { type StateOutcome, transactionOf } from '../application/state-transaction.ts'
import { type Batch, entryNamed } from './batch-request.ts'
import type { CachedEntry, ResponseCache } from './response-cache.ts'

/** What a batch runs with. */
export interface BatchRunner {
  readonly services: Services
  readonly pipeline: Pipeline
  readonly application: Application
  /** The commands that all doors serve. */
  readonly registry: CommandRegistry
  readonly hooks: readonly MessageHook[]
  readonly cache: ResponseCache
  /** The time limit of a hook, in milliseconds; 0 for the default of the pipeline. */
  readonly commandMs: number
  readonly onAnswered: OnAnswered | null
}

interface BatchCall {
  readonly requestId: string
  readonly batch: Batch
  readonly queryId: string | null
  readonly caller: CallOptions
}

/**
 * Runs the commands of a batch one after the other, each with the session that the ones before have left. Returns the body of the response, or
 * null if the parameters of a command do not match it; the commands before it are not undone. Rejects if the header cannot be processed, for
 * instance while the store is unavailable.
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
  readonly session: MageSession | null
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
  const { services, pipeline, hooks, commandMs: timeoutMs } = runner
  const { batch, caller } = call
  const { session, events } = await readSession(runner, call)
  const state = new State(services, undefined, session, { description: 'batch header', caller })
  for (const hook of hooks) {
    const entry = entryNamed(batch.header, hook.name)
    await runHook(hook, entry, { pipeline, state, batch, timeoutMs })
  }
  const outcome = await transactionOf(state).finish()
  return { session: state.session ?? null, events: [...events, ...outcome.events] }
}

function unset(reason: string): string {
  return JSON.stringify(['session.unset', reason])
}

async function runCommands(
  runner: BatchRunner,
  { batch, caller, requestId }: BatchCall,
  header: Header,
  cached: readonly CachedEntry[] | null,
): Promise<readonly CachedEntry[] | null> {
  const entries: CachedEntry[] = []
  let { session, events } = header
  for (const [at, { name, params }] of batch.commands.entries()) {
    const entry = cached?.[at]
    if (entry?.replayed === true) {
      entries.push(entry)
      continue
    }
    if (at > 0 && session !== null && !(await isStillValid(runner.services, session, caller))) {
      session = null
      events = [unset('noSession')]
    }
    const ran = await runReported(runner, requestId, { name, params, session, batch, caller })
    if (ran === null) return null
    session = ran.session
    const command = runner.application.commands.get(name)
    entries.push({ json: entryJson(ran, events), replayed: command?.cached !== false })
    events = NONE
  }
  return entries
}

// The session may have ended while an earlier command of the batch ran.
async function isStillValid(
  { authority }: Services,
  { current }: MageSession,
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
  readonly session: MageSession | null
  readonly batch: Batch
  readonly caller: CallOptions
}

async function runReported(
  runner: BatchRunner,
  requestId: string,
  call: OneCall,
): Promise<UserCommandOutcome | null> {
  const { onAnswered, application, registry } = runner
  if (onAnswered === null) return runOne(runner, call)
  const { name } = call
  const known = application.commands.has(name) || registry.find(name) !== null
  const route = known ? name : '(none)'
  const record = new RequestRecord('mage', { id: requestId, method: 'command', route })
  const ran = await runOne(runner, call)
  const current = ran?.session?.current ?? call.session?.current ?? null
  if (current !== null) record.resolved(current)
  const refusal = refusalOfRun(ran)
  onAnswered(record.answered(refusal?.code ?? 'ok', refusal))
  return ran
}

function refusalOfRun(ran: UserCommandOutcome | null): Refusal | null {
  if (ran === null) return refuse('invalid_request', 'The parameters do not match the command.')
  if (ran.error === null) return null
  return ran.refusal ?? refusalOfCommand(ran.error, ran.thrown)
}

function runOne(runner: BatchRunner, call: OneCall): Promise<UserCommandOutcome | null> {
  const { name, params, session, caller, batch } = call
  const command = runner.application.commands.get(name)
  if (command === undefined) return runRegistered(runner, call)
  const data = { address: caller.address ?? null, batch }
  return runner.application.run(command, { params, session, caller, data })
}

async function runRegistered(
  { registry, pipeline }: BatchRunner,
  { name, params, session, caller }: OneCall,
): Promise<UserCommandOutcome> {
  if (registry.find(name) === null) {
    return { error: 'server', response: null, events: NONE, session }
  }
  const current = session?.current ?? null
  const outcome = await pipeline.dispatch({ name, params, current, caller })
  const events = outcome.events.map((event) =>
    JSON.stringify(event.data === undefined ? [event.name] : [event.name, event.data]),
  )
  if (!outcome.ok) {
    const error = wireCodeOf(outcome.code)
    return { error, response: null, events, session, refusal: outcome }
  }
  return { error: null, response: JSON.stringify(outcome.value) ?? null, events, session }
}

function entryJson(
  { error, response, events }: StateOutcome,
  headerEvents: readonly string[],
): string {
  const code = error === null ? 'null' : JSON.stringify(error)
  const all = headerEvents.length === 0 ? events : [...headerEvents, ...events]
  return `[${code},${error === null ? (response ?? 'null') : 'null'}${all.length === 0 ? '' : `,[${all.join()}]`}]`
}
