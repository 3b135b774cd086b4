import { openRevision, ROOT } from './revision.ts'
import { runBenchAgainst } from './run-bench.ts'
import type { RevisionRow } from './verdict.ts'
import { runWholeBench } from './whole-bench.ts'

/** Benches without contenders that take turns: each checkout runs the whole bench, so often. */
const WHOLE = new Set([
  'adonis',
  'agent-burst',
  'angen-connections',
  'angen-revocation',
  'flood',
  'grpc-lockall',
  'install',
  'login-storm',
  'mage-streams',
  'session-disk-bytes',
  'sqlite-store',
])

/** The least that an interval of 95 % can be made of. */
const WHOLE_ROUNDS = 6

export interface AgainstOptions {
  /** Any name that git has for a commit. */
  readonly revision: string
  readonly benches: readonly string[]
  /** Rounds of both checkouts a row. */
  readonly rounds: number
  readonly quick: boolean
}

export interface AgainstOutcome {
  readonly rows: readonly RevisionRow[]
  /** Whether a bench could not be run. */
  readonly failed: boolean
}

/** Runs benches in this checkout, as it lies there, and in another revision. What fails is told on stderr. */
export async function runAgainst({
  revision: name,
  benches,
  rounds,
  quick,
}: AgainstOptions): Promise<AgainstOutcome> {
  const stop = new AbortController()
  const { signal } = stop
  const onSignal = () => stop.abort(new Error('interrupted'))
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  const revision = await openRevision(name, signal)
  const { commit: against, checkout } = revision
  // Processes that are stopped leave their data behind, which then goes with the checkout.
  process.env['LATCHKEY_BENCH_DIR'] = process.env['TMPDIR'] = revision.data
  const rows: RevisionRow[] = []
  let failed = false
  const runOne = async (bench: string): Promise<void> => {
    if (!WHOLE.has(bench)) {
      const options = { checkout, against, rounds, quick }
      rows.push(...(await runBenchAgainst(bench, options, signal)))
      return
    }
    const found = await runWholeBench(bench, {
      checkouts: [ROOT, checkout],
      against,
      rounds: Math.min(rounds, WHOLE_ROUNDS),
      quick,
      signal,
    })
    if (found === null) console.error(`${against} has no bench ${bench}: not compared`)
    else rows.push(...found)
  }
  try {
    for (const bench of benches) {
      try {
        await runOne(bench)
      } catch (error) {
        if (signal.aborted) break
        console.error(error instanceof Error ? error.message : error)
        failed = true
      }
    }
  } finally {
    await revision.remove()
  }
  return { rows, failed: failed || signal.aborted }
}
