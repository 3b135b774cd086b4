import type { Batch } from '../wire/batch-request.ts'
import { untilCalledBack } from './called-back.ts'
import { MageError } from './errors.ts'
import type { State } from './state.ts'

type HookCallback = (error?: unknown) => void
type HookFunction = (
  state: State,
  data: Readonly<Record<string, unknown>>,
  batch: Batch,
  callback: HookCallback,
) => unknown

export interface MessageHook {
  /** The name of the header entry. */
  readonly name: string
  /** Whether it runs for batches without such an entry too, with nothing but the name. */
  readonly required: boolean
  readonly fn: HookFunction
}

/** Checks a hook. Throws `TypeError` for what is none. */
export function createHook(name: unknown, required: unknown, fn: unknown): MessageHook {
  if (typeof name !== 'string') throw new TypeError('The name of a hook must be text.')
  if (typeof required !== 'boolean') throw new TypeError('A hook is required or not.')
  if (typeof fn !== 'function' || fn.length !== 4) {
    throw new TypeError('A hook takes a state, the data, the batch and a callback.')
  }
  return { name, required, fn: fn as HookFunction }
}

/** Runs a hook; rejects with what it calls back with, and with `timeout` where it does not. */
export async function runHook(
  hook: MessageHook,
  entry: Readonly<Record<string, unknown>> | undefined,
  { state, batch, timeoutMs }: { state: State; batch: Batch; timeoutMs: number },
): Promise<void> {
  if (entry === undefined && !hook.required) return
  let timer: NodeJS.Timeout | undefined
  const done = untilCalledBack((callback) => {
    const late = () => callback(new MageError('timeout', `The hook ${hook.name} did not answer.`))
    timer = setTimeout(late, timeoutMs || 15_000)
    return hook.fn(state, entry ?? { name: hook.name }, batch, callback)
  })
  await done.finally(() => clearTimeout(timer))
}
