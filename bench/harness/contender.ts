import { AsyncLocalStorage } from 'node:async_hooks'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'

/** Figures of one round, by name. */
export type Figures = Readonly<Record<string, number>>

/** What a contender's module makes of its options, in a process of its own. */
export interface Prepared {
  /** What the bench needs to know of it: a port, a file. */
  readonly facts?: Readonly<Record<string, unknown>>
  /** Works for about so long (0: only reads its meters) and says how it went. Throws if any result is not what it must be. */
  measure(ms: number): Promise<Figures>
  close(): Promise<void>
}

/** The shape of a contender's module. */
export interface ContenderModule<O> {
  prepare(options: O): Promise<Prepared>
}

/** A contender as the bench sees it, across the process boundary. */
export interface Contender {
  readonly facts: Readonly<Record<string, unknown>>
  measure(ms: number): Promise<Figures>
  close(): Promise<void>
}

/**
 * What is said between the bench and a contender's process. `--against` says the same to the process of an older
 * revision: a kind may be added, none may change.
 */
export type Request =
  | { readonly kind: 'prepare'; readonly module: string; readonly options: unknown }
  | { readonly kind: 'measure'; readonly ms: number }
  | { readonly kind: 'close' }
export type Reply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: string }

/** Node's flags of every process of a bench: the library from source, and a collector that can be asked. */
export const NODE_FLAGS: readonly string[] = [
  '--conditions=@latchkey/source',
  '--expose-gc',
  '--max-old-space-size=12288',
  '--disable-warning=ExperimentalWarning',
]

/** Starts a module with its options. */
export type Starter = (module: string, options: unknown) => Promise<Contender>

/** What {@link startContender} uses instead within its `run`: how a bench starts the contenders of another checkout. */
export const starterInstead = new AsyncLocalStorage<Starter>()

/**
 * Starts a module of `bench/contenders` in a process of its own: neither its heap nor its compiled code is disturbed by
 * the others, and rounds of several can still take turns.
 */
export async function startContender<O>(module: string, options: O): Promise<Contender> {
  const start = starterInstead.getStore() ?? startProcess
  return await start(module, options)
}

/** Starts a module of the checkout in that folder, this one by default. */
export async function startProcess(
  module: string,
  options: unknown,
  checkout: string = resolve(import.meta.dirname, '../..'),
): Promise<Contender> {
  const child = fork(join(checkout, 'bench/harness/contender-process.ts'), [], {
    execArgv: [...NODE_FLAGS],
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  const ended = new AbortController()
  child.once('exit', (code) => ended.abort(new Error(`${module} ended with exit code ${code}`)))

  async function ask(request: Request): Promise<unknown> {
    const answer = once(child, 'message', { signal: ended.signal })
    child.send(request)
    const [reply] = (await answer.catch((error: unknown) => {
      throw ended.signal.aborted ? ended.signal.reason : error
    })) as [Reply]
    if (!reply.ok) throw new Error(`${module}: ${reply.error}`)
    return reply.value
  }

  const close = async () => {
    if (ended.signal.aborted) return
    await ask({ kind: 'close' })
    child.disconnect()
    if (child.exitCode === null) await once(child, 'exit')
  }
  try {
    const facts = (await ask({ kind: 'prepare', module, options })) as Contender['facts']
    return { facts, measure: async (ms) => (await ask({ kind: 'measure', ms })) as Figures, close }
  } catch (error) {
    child.kill()
    throw error
  }
}

/** Starts several, uses them, and closes them whatever happens. */
export async function withContenders<K extends string, T>(
  starting: Readonly<Record<K, () => Promise<Contender>>>,
  use: (contenders: Readonly<Record<K, Contender>>) => Promise<T>,
): Promise<T> {
  const started: Partial<Record<K, Contender>> = {}
  try {
    for (const name of Object.keys(starting) as K[]) started[name] = await starting[name]()
    return await use(started as Record<K, Contender>)
  } finally {
    await Promise.allSettled(
      Object.values<Contender | undefined>(started).map((each) => each?.close()),
    )
  }
}
