import type { Pipeline } from '../../../commands/index.ts'
import { LatchkeyError } from '../../../core/index.ts'
import type { Batch } from '../wire/batch-request.ts'
import { ANYONE } from './acl.ts'
import { untilCalledBack } from './callback.ts'
import type { State } from './state.ts'
import { transactionOf } from './state-transaction.ts'

type HookCallback = (error?: unknown) => void
type HookData = Readonly<Record<string, unknown>>
type HookFunction = (state: State, data: HookData, batch: Batch, callback: HookCallback) => unknown

/** A function of an application that reads an entry of the header before the commands of a batch run. */
export interface MessageHook {
  /** The name of the header entry. */
  readonly name: string
  /** Whether the hook runs for a batch without such an entry too; its data has only the name then. */
  readonly required: boolean
  readonly fn: HookFunction
}

/** Makes a hook from the arguments of `registerMessageHook`. Throws `TypeError` for arguments of other types. */
export function createHook(name: unknown, required: unknown, fn: unknown): MessageHook {
  if (typeof name !== 'string') throw new TypeError('The name of a hook must be a string.')
  if (typeof required !== 'boolean') throw new TypeError('“required” of a hook must be a boolean.')
  if (typeof fn !== 'function' || fn.length !== 4) {
    throw new TypeError('A hook must be a function of (state, data, batch, callback).')
  }
  return { name, required, fn: fn as HookFunction }
}

/** Runs a hook. Rejects with the error that it calls back with, with `timeout` if it does not call back in time. */
export async function runHook(
  hook: MessageHook,
  entry: HookData | undefined,
  options: { pipeline: Pipeline; state: State; batch: Batch; timeoutMs: number },
): Promise<void> {
  if (entry === undefined && !hook.required) return
  const { pipeline, state, batch, timeoutMs } = options
  const { name, fn } = hook
  const rules = { name: `hook ${name}`, access: [ANYONE], session: 'optional' } as const
  const limit = timeoutMs === 0 ? {} : { timeoutMs }
  const current = state.session?.current ?? null
  const call = { current, params: entry ?? { name }, caller: transactionOf(state).caller }
  const outcome = await pipeline.run({ ...rules, ...limit }, call, (data) =>
    untilCalledBack((callback) => fn(state, data as HookData, batch, callback)).then(
      () => null,
      (error: unknown) => ({ error }),
    ),
  )
  if (!outcome.ok) throw new LatchkeyError(outcome.code, `The hook ${name}: ${outcome.message}`)
  if (outcome.value !== null) throw outcome.value.error
}
