import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { progress } from './progress.ts'
import { moduleNames, presentRowName } from './renamed-rows.ts'
import type { Row } from './row.ts'
import { judge, type RevisionRow } from './verdict.ts'

export interface WholeBenchOptions {
  /** The folders of this checkout and of the other. */
  readonly checkouts: readonly [ours: string, theirs: string]
  /** What to call the other. */
  readonly against: string
  /** How often each checkout runs the bench. */
  readonly rounds: number
  readonly quick: boolean
  readonly signal: AbortSignal
}

/**
 * Runs a bench as each checkout has it, one after the other and every other time in reverse, and compares the rows of both:
 * for benches whose contenders cannot take turns. Null where the other checkout has no such bench.
 */
export async function runWholeBench(
  bench: string,
  { checkouts, against, rounds, quick, signal }: WholeBenchOptions,
): Promise<RevisionRow[] | null> {
  const [ours, theirs] = checkouts
  const older = moduleNames(bench).find((name) => existsSync(join(theirs, `bench/${name}.ts`)))
  if (older === undefined) return null
  const figures = new Map<string, { unit: string; ours: number[]; theirs: number[] }>()
  const note = (rows: readonly Row[], side: 'ours' | 'theirs') => {
    const noted = new Set<string>()
    for (const row of rows) {
      const name = side === 'ours' ? row.bench : presentRowName(bench, row.bench)
      // A figure that stands beside several peers is one row here.
      if (noted.has(name)) continue
      noted.add(name)
      const found = figures.get(name) ?? { unit: row.unit, ours: [], theirs: [] }
      found[side].push(row.ours)
      figures.set(name, found)
    }
  }
  for (let round = 0; round < rounds; round++) {
    progress(bench, `whole, ${round + 1} of ${rounds} times`)
    const sides = [
      async () => note(await runAlone(ours, bench, quick, signal), 'ours'),
      async () => note(await runAlone(theirs, older, quick, signal), 'theirs'),
    ]
    for (const side of round % 2 === 0 ? sides : sides.toReversed()) await side()
  }
  return [...figures].flatMap(([name, row]) => {
    if (row.ours.length === row.theirs.length) {
      return [judge({ ...row, bench: name, against, turns: 'benches' })]
    }
    progress(bench, `${name} is a row of one checkout alone: not compared`)
    return []
  })
}

/** The rows that a checkout prints for a bench. */
async function runAlone(
  checkout: string,
  bench: string,
  quick: boolean,
  signal: AbortSignal,
): Promise<Row[]> {
  signal.throwIfAborted()
  const flags = ['--conditions=@latchkey/source', '--disable-warning=ExperimentalWarning']
  const child = spawn(
    process.execPath,
    [...flags, 'bench/main.ts', bench, '--json', ...(quick ? ['--quick'] : [])],
    // A process group of its own: an older revision's processes may not notice that this one has ended.
    { cwd: checkout, stdio: ['ignore', 'pipe', 'inherit'], detached: true },
  )
  const stop = () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  }
  signal.addEventListener('abort', stop)
  try {
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    const [code] = (await once(child, 'close')) as [number | null]
    signal.throwIfAborted()
    if (code !== 0) throw new Error(`${bench} ended with exit code ${code} in ${checkout}`)
    return JSON.parse(Buffer.concat(chunks).toString()) as Row[]
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
