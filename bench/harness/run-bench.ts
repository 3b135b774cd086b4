import { fork } from 'node:child_process'
import { once } from 'node:events'
import { NODE_FLAGS } from './contender.ts'
import type { Row, RunOptions } from './row.ts'
import { type Bench, runTwoSides, type TwoSidesOptions } from './two-sides.ts'
import type { RevisionRow } from './verdict.ts'

interface Order {
  readonly name: string
  readonly options: RunOptions | TwoSidesOptions
}
type Outcome = { readonly rows: Row[] | RevisionRow[] } | { readonly error: string }

/** Runs a bench in a process of its own and returns its rows; what it prints goes to stderr. */
export async function runBench(name: string, options: RunOptions): Promise<Row[]> {
  return (await send({ name, options })) as Row[]
}

/** Runs a bench in two checkouts that take turns round by round, in a process of its own that the signal ends. */
export async function runBenchAgainst(
  name: string,
  options: TwoSidesOptions,
  signal: AbortSignal,
): Promise<RevisionRow[]> {
  return (await send({ name, options }, signal)) as RevisionRow[]
}

async function send(order: Order, signal?: AbortSignal): Promise<Row[] | RevisionRow[]> {
  const { name } = order
  const child = fork(import.meta.filename, [], {
    execArgv: [...NODE_FLAGS],
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 2, 2, 'ipc'],
    ...(signal === undefined ? {} : { signal }),
  })
  const ended = new AbortController()
  child.once('exit', (code) => ended.abort(new Error(`${name} ended with exit code ${code}`)))
  const answer = once(child, 'message', { signal: ended.signal })
  child.send(order)
  const [outcome] = (await answer.catch((error: unknown) => {
    throw ended.signal.aborted ? ended.signal.reason : error
  })) as [Outcome]
  if (!ended.signal.aborted) await once(child, 'exit')
  if ('error' in outcome) throw new Error(`${name}: ${outcome.error}`)
  return outcome.rows
}

async function obey({ name, options }: Order): Promise<Outcome> {
  try {
    const bench = (await import(new URL(`../${name}.ts`, import.meta.url).href)) as Bench
    return {
      rows: await ('checkout' in options ? runTwoSides(bench, options) : bench.run(options)),
    }
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

if (import.meta.main) {
  // When the process that asked has ended, there is nobody to report to.
  process.once('disconnect', () => process.exit(1))
  process.once('message', (order: Order) => {
    obey(order)
      .then((outcome) => process.send?.(outcome, () => process.exit()))
      .catch(() => process.exit(1))
  })
}
